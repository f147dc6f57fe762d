"""Rewriter: builds the quantised graph beside the float one and puts the borders where they are
needed."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tinsmith.compress.clamps import Clamp
from tinsmith.compress.method import Options
from tinsmith.compress.ranges import activation_quant
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr, Graph, Node
from tinsmith.ir.ops.requantize import multipliers
from tinsmith.ir.types import Quant, TensorType

QUANTISE, DEQUANTISE = "quantise", "dequantise"
"""Stages of the borders between float and int8."""
MOST_FACTOR = 2.0**20
"""Largest quotient of scales that a requantisation is given; it could hold up to 2^30."""


class Rewriter:
    """State of one rewrite. A float value ``v`` keeps its name; its int8 form is ``v_int8``.

    Args:
        graph: the float graph.
        values: its float32 values over the calibration cases, [case, *shape] by name.
        options: rounding of requantisations; types of inputs and outputs.
    """

    def __init__(
        self, graph: Graph, values: Mapping[str, np.ndarray], options: Options
    ) -> None:  # fmt: skip
        self.graph = graph
        self.options = options
        self.builder = Builder(graph.name, "quantised")
        self.weights: dict[str, str] = {}
        self.absorbed: dict[str, Clamp] = {}
        self._values = values
        self._float: dict[str, str] = {}
        self._int8: dict[str, str] = {}
        self._float_first: set[str] = set()
        for name in graph.inputs:
            self._input(name, graph.type(name))
        for s in graph.states:
            quant = graph.type(s.name).quant
            self._float[s.name] = self.builder.state(s.name, s.initial, quant)

    def _input(self, name: str, type: TensorType) -> None:
        if self.options.io == "int8" and type.dtype == "float32":
            quant = self.quant(name)
            self._int8[name] = self.builder.input(name, TensorType(type.shape, "int8", quant))
        else:
            self._float[name] = self.builder.input(name, type)

    def born_int8(self, value: str) -> bool:
        """Whether the value is computed (or given) as int8; a float value that was quantised for
        one of its readers is not: the others go on in float."""
        return value in self._int8 and value not in self._float_first

    def int8_forms(self) -> Mapping[str, str]:
        """Float value -> name of its int8 form, for all that have one."""
        return dict(self._int8)

    def quant(self, value: str, least: float = 0.0) -> Quant:
        """Calibrated quantisation of a value's activations; its scale is not below ``least``."""
        quant = activation_quant(self._values[value])
        if quant.scale[0] >= least:
            return quant
        return replace(quant, scale=(float(np.float32(least)),))

    def float(self, value: str) -> str:
        """The value as it is in the float graph; behind an int8 region through a dequantize."""
        if value in self._float:
            return self._float[value]
        if value in self.graph.constants:
            array, quant = self.graph.constants[value], self.graph.type(value).quant
            self._float[value] = self.builder.constant(value, array, quant)
        elif value in self._int8:
            self.builder.stage = DEQUANTISE
            name = f"{value}_float" if value in self.graph.inputs else value
            self._float[value] = self.builder.op("dequantize", self._int8[value], name=name)
        else:  # inside of a region that became a table, and needed by itself
            producer = self.graph.producer(value)
            if producer is None:
                raise ValueError(f"nothing computes {value!r}")
            self.copy(producer)
        return self._float[value]

    def int8(self, value: str) -> str:
        """The value as int8; at the beginning of an int8 region through a quantize."""
        if value not in self._int8:
            source = self.float(value)
            self._float_first.add(value)
            self.builder.stage = QUANTISE
            name = f"{value}_int8"
            self._int8[value] = self.builder.op(
                "quantize", source, name=name, quant=self.quant(value)
            )
        return self._int8[value]

    def int8_quant(self, value: str) -> Quant:
        """Scale and zero point of a value's int8 form."""
        quant = self.builder.type(self.int8(value)).quant
        if quant is None or quant.axis is not None:
            raise ValueError("an int8 activation needs one scale")
        return quant

    def set_int8(self, value: str, name: str) -> None:
        """Say which value of the new graph is the int8 form of a float value."""
        self._int8[value] = name

    def clamp(self, node: Node) -> Clamp:
        """The clamps behind a node that it takes in."""
        return self.absorbed.get(node.name, Clamp(node.outputs[0]))

    def append(self, node: Node, op: str, *inputs: str, quant: Quant, **attrs: Attr) -> None:
        """Append the last node of an integer form: it makes the node's value, clamped."""
        value = self.clamp(node).value
        self.builder.stage = node.stage
        name = self.builder.op(op, *inputs, name=f"{value}_int8", quant=quant, **attrs)
        self.set_int8(value, name)

    def requantized(
        self, node: Node, source: str, factors: np.ndarray, quant: Quant
    ) -> None:  # fmt: skip
        """Bring integers to the int8 form of a node's value, with its clamps.

        Args:
            source: value of the new graph, int32 sums or int8.
            factors: scale of the source / scale of the result: one, or one per channel.
            quant: of the result.
        """
        clamp, b = self.clamp(node), self.builder
        operands = self.factors(clamp.value, factors)
        low, high = clamp.integers(quant)
        b.stage = node.stage
        self.append(
            node, "requantize", source, *operands, quant=quant, rounding=self.options.rounding,
            zero_point=quant.zero_point[0], act_min=low, act_max=high,
        )  # fmt: skip

    def factors(self, name: str, factors: np.ndarray) -> tuple[str, str]:
        """Multiplier and shift as constants; ``onnx`` multiplies by a float32, which the multiplier
        then holds."""
        if self.options.rounding == "onnx":
            factors = factors.astype(np.float32)
        multiplier, shift = multipliers([float(f) for f in factors.reshape(-1)])
        b = self.builder
        return b.constant(f"{name}_multiplier", multiplier), b.constant(f"{name}_shift", shift)

    def copy(self, node: Node) -> None:
        """Take a node over as it is: in float."""
        inputs = [self.float(i) for i in node.inputs]
        self.builder.stage = node.stage
        (output,) = node.outputs
        self._float[output] = self.builder.op(
            node.op, *inputs, name=output, quant=self.graph.type(output).quant, **node.attrs
        )

    def finish(self) -> Graph:
        """The quantised graph: same inputs, states and outputs as the float graph, but for the
        types that ``options.io`` names."""
        for s in self.graph.states:
            self.builder.update(self._float[s.name], self.float(s.next))
        return self.builder.build([self._output(o) for o in self.graph.outputs])

    def _output(self, value: str) -> str:
        plain = self.graph.type(value).dtype != "float32" or value in self.graph.constants
        return self.float(value) if plain or self.options.io == "float" else self.int8(value)
