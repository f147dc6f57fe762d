"""What each layer of Keras becomes. To support another, add its rule to the table."""

from collections.abc import Mapping

from tinsmith.importers.keras import attention, layers, norms, recurrent, windows
from tinsmith.importers.keras.translate import Rule

_SAME = (
    "Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "GaussianNoise",
    "GaussianDropout", "AlphaDropout", "ActivityRegularization", "Identity",
)  # fmt: skip
_ATTENTION = "sequences; no gate, no window, no masks but the causal one and attention_mask"
_MERGES = {"Add": "add", "Subtract": "sub", "Multiply": "mul", "Maximum": "max", "Minimum": "min"}

RULES: Mapping[str, Rule] = {
    "Dense": Rule(layers.dense),
    "Flatten": Rule(layers.flatten, "channels_last only"),
    "Reshape": Rule(layers.reshape),
    "Permute": Rule(layers.permute),
    "RepeatVector": Rule(layers.repeat_vector),
    "Activation": Rule(layers.activation),
    "ReLU": Rule(layers.relu),
    "ThresholdedReLU": Rule(layers.thresholded_relu),
    "LeakyReLU": Rule(layers.leaky_relu),
    "PReLU": Rule(layers.prelu),
    "ELU": Rule(layers.elu),
    "Softmax": Rule(layers.softmax),
    "BatchNormalization": Rule(norms.batch_normalization),
    "LayerNormalization": Rule(norms.layer_normalization, "rms_scaling is refused"),
    "RMSNormalization": Rule(norms.rms_normalization),
    "GroupNormalization": Rule(norms.group_normalization),
    "UnitNormalization": Rule(norms.unit_normalization),
    "SpectralNormalization": Rule(recurrent.wrapped, "as at inference: the kernel that is stored"),
    "Normalization": Rule(norms.normalization, "the last axis"),
    "MultiHeadAttention": Rule(attention.multi_head, _ATTENTION),
    **{k: Rule(attention.multi_head, _ATTENTION) for k in attention.GROUPED},
    "Attention": Rule(attention.attention, "no masks but the causal one"),
    "AdditiveAttention": Rule(attention.attention, "no masks but the causal one"),
    "Dot": Rule(layers.dot),
    "EinsumDense": Rule(layers.einsum_dense, "no axis that both have and keep"),
    "Rescaling": Rule(norms.rescaling),
    "Average": Rule(layers.average),
    "Concatenate": Rule(layers.concatenate),
    "Embedding": Rule(layers.embedding, "mask_zero only where no layer uses the mask"),
    "Conv1D": Rule(windows.conv),
    "Conv2D": Rule(windows.conv),
    "Conv3D": Rule(windows.conv),
    "DepthwiseConv1D": Rule(windows.depthwise_conv),
    "DepthwiseConv2D": Rule(windows.depthwise_conv),
    "SeparableConv1D": Rule(windows.separable_conv),
    "SeparableConv2D": Rule(windows.separable_conv),
    "Conv1DTranspose": Rule(windows.conv_transpose),
    "Conv2DTranspose": Rule(windows.conv_transpose),
    "Conv3DTranspose": Rule(windows.conv_transpose),
    **{f"MaxPooling{n}D": Rule(windows.pool("max", n)) for n in (1, 2, 3)},
    **{f"AveragePooling{n}D": Rule(windows.pool("avg", n)) for n in (1, 2, 3)},
    **{f"GlobalMaxPooling{n}D": Rule(windows.global_pool("max")) for n in (1, 2, 3)},
    **{f"GlobalAveragePooling{n}D": Rule(windows.global_pool("mean")) for n in (1, 2, 3)},
    **{f"ZeroPadding{n}D": Rule(windows.zero_padding) for n in (1, 2, 3)},
    **{f"Cropping{n}D": Rule(windows.cropping) for n in (1, 2, 3)},
    **{f"UpSampling{n}D": Rule(windows.up_sampling, "nearest and bilinear") for n in (1, 2, 3)},
    **{k: Rule(layers.merge(v)) for k, v in _MERGES.items()},
    **{k: Rule(layers.same) for k in _SAME},
    **recurrent.RULES,
}
"""Class of a layer -> its translation."""
