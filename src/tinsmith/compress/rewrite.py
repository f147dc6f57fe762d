"""Rewriter: builds the quantised graph beside the float one and puts the borders where they are
needed."""

from collections.abc import Mapping

import numpy as np

from tinsmith.compress.ranges import activation_quant
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.types import Quant

QUANTISE, DEQUANTISE = "quantise", "dequantise"
"""Stages of the borders between float and int8."""


class Rewriter:
    """State of one rewrite. A float value ``v`` keeps its name; its int8 form is ``v_int8``.

    Args:
        graph: the float graph.
        values: its values over the calibration cases, [case, *shape] by name.
        rounding: how requantisation rounds: ``double``, ``single`` or ``onnx``.
    """

    def __init__(self, graph: Graph, values: Mapping[str, np.ndarray], rounding: str) -> None:
        self.graph = graph
        self.rounding = rounding
        self.builder = Builder(graph.name, "quantised")
        self._values = values
        self._float: dict[str, str] = {}
        self._int8: dict[str, str] = {}
        for name in graph.inputs:
            self._float[name] = self.builder.input(name, graph.type(name))
        for s in graph.states:
            quant = graph.type(s.name).quant
            self._float[s.name] = self.builder.state(s.name, s.initial, quant)

    def has_int8(self, value: str) -> bool:
        """Whether the value already exists as int8."""
        return value in self._int8

    def int8_forms(self) -> Mapping[str, str]:
        """Float value -> name of its int8 form, for all that have one."""
        return dict(self._int8)

    def quant(self, value: str) -> Quant:
        """Calibrated quantisation of a value's activations."""
        return activation_quant(self._values[value])

    def float(self, value: str) -> str:
        """The value as it is in the float graph; behind an int8 region through a dequantize."""
        if value in self.graph.constants and value not in self._float:
            array, quant = self.graph.constants[value], self.graph.type(value).quant
            self._float[value] = self.builder.constant(value, array, quant)
        if value not in self._float:
            self.builder.stage = DEQUANTISE
            self._float[value] = self.builder.op("dequantize", self._int8[value], name=value)
        return self._float[value]

    def int8(self, value: str) -> str:
        """The value as int8; at the beginning of an int8 region through a quantize."""
        if value not in self._int8:
            source = self.float(value)
            self.builder.stage = QUANTISE
            name = f"{value}_int8"
            self._int8[value] = self.builder.op(
                "quantize", source, name=name, quant=self.quant(value)
            )
        return self._int8[value]

    def set_int8(self, value: str, name: str) -> None:
        """Say which value of the new graph is the int8 form of a float value."""
        self._int8[value] = name

    def copy(self, node: Node) -> None:
        """Take a node over as it is: in float."""
        inputs = [self.float(i) for i in node.inputs]
        self.builder.stage = node.stage
        (output,) = node.outputs
        self._float[output] = self.builder.op(
            node.op, *inputs, name=output, quant=self.graph.type(output).quant, **node.attrs
        )

    def finish(self) -> Graph:
        """The quantised graph: same inputs, states and outputs as the float graph."""
        for s in self.graph.states:
            self.builder.update(self._float[s.name], self.float(s.next))
        return self.builder.build([self.float(o) for o in self.graph.outputs])
