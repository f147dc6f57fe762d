"""Operations that torch itself writes in terms of others, before they are translated.

Only what ends in operations of the tables is listed; everything else is refused by its own name.
"""

from collections.abc import Mapping

from tinsmith.importers.torch.translation import EVERY, FLOATS, NUMBERS

_MOVES = (
    "pixel_unshuffle.default", "channel_shuffle.default", "rot90.default", "narrow.default",
    "movedim.int", "movedim.intlist", "moveaxis.int", "mT.default", "swapaxes.default",
    "swapdims.default", "repeat_interleave.self_int", "tile.default", "expand_as.default",
    "broadcast_to.default", "meshgrid.indexing", "meshgrid.default", "hstack.default",
    "vstack.default", "dstack.default", "tensor_split.sections", "tensor_split.indices",
    "fliplr.default", "flipud.default", "feature_dropout.default", "alpha_dropout.default",
    "feature_alpha_dropout.default", "concat.default", "concatenate.default",
)  # fmt: skip
_NUMBERS = ("aminmax.default", "outer.default")
_FLOATS = (
    "glu.default", "softshrink.default", "cosine_similarity.default", "pairwise_distance.default",
    "rnn_tanh_cell.default", "rnn_relu_cell.default", "lstm_cell.default", "gru_cell.default",
    "einsum.default", "tensordot.default", "kron.default", "dot.default", "mv.default",
    "linalg_cross.default", "frac.default", "sgn.default", "logit.default", "sinc.default",
    "deg2rad.default", "rad2deg.default", "fix.default", "lerp.Scalar", "lerp.Tensor",
    "addcmul.default", "addcdiv.default", "logaddexp.default", "xlogy.Tensor",
    "linalg_norm.default", "linalg_matrix_norm.str_ord",
    "isfinite.default", "heaviside.default", "nan_to_num.default", "quantile.scalar",
    "quantile.default", "trace.default", "diag_embed.default",
)  # fmt: skip

DECOMPOSED: Mapping[str, tuple[str, ...]] = {
    **{f"aten.{name}": EVERY for name in _MOVES},
    **{f"aten.{name}": NUMBERS for name in _NUMBERS},
    **{f"aten.{name}": FLOATS for name in _FLOATS},
    "aten.copy_.default": EVERY,
    "aten.fill_.Scalar": EVERY,
    "aten.fill_.Tensor": EVERY,
}
"""Torch's name of an operation -> the types that it takes."""
