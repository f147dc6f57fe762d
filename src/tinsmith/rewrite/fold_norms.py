"""Folds constant factors and summands per channel (a batch normalisation) into the layer in front.

A layer with weights, then y * gain + shift with one gain and one shift per channel, is the layer
with weights * gain and bias * gain + shift: the norm costs neither time nor memory. Frameworks
write norms in many shapes (a product and a sum, a difference and a quotient, one number or one per
channel, constants repeated to the size of a picture), often behind the nodes that move channels to
another axis; all of them are followed from the layer on, and become one gain and one shift in
float64, which are rounded once.

Importers have their float graphs folded when a model is read, so quantisation sees the folded
layers too. Nothing is folded where someone else reads the values between, where a state takes them,
or where a folded weight would not be finite.

A norm in front of a layer stays. It brings values of different sizes (a sensor's channels, say) to
one size, before they are rounded: to share one scale in int8, and so that a sum of float32 is not
the small difference of large numbers. Weights that hold it would undo both.

Source: Jacob et al., CVPR 2018, section 3.2 (equation 14).
"""

from dataclasses import dataclass, field, replace
from hashlib import sha256

import numpy as np

from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.interp import site_of
from tinsmith.ir.op import OPS
from tinsmith.ir.types import type_of
from tinsmith.rewrite import eliminate_dead
from tinsmith.rewrite._constants import evaluate
from tinsmith.rewrite._pass import Pass
from tinsmith.rewrite._readers import readers_of

MOST_ELEMENTS = 1 << 24
"""Of a value through which channels are followed: an index per element is kept meanwhile."""


def rewrite(graph: Graph) -> Graph:
    """Fold every norm that can be; the very same object where there is none.

    Weights that several layers share stay shared: a factor would need a second copy of them.
    """
    return without_norms(graph)


def without_norms(graph: Graph, fixed: frozenset[str] = frozenset(), copies: bool = False) -> Graph:
    """The graph with norms folded into the layers in front of them.

    Args:
        graph: dialect float.
        fixed: names of nodes that are left as they are.
        copies: whether layers that share their weights get weights of their own where it takes
            that.
    """
    work = _Work(graph, fixed, copies)
    for node in graph.nodes:
        if OPS.get(node.op).channel_axis is not None and node.name not in fixed:
            work.layer(node)
    return work.result() if work.gone else graph


@dataclass
class _Chain:
    """What follows a layer: y = its result * gain + shift, one each per channel; ``norms`` are the
    nodes that say so.

    ``index`` holds the channel of every element of ``value``; None as long as the channels are its
    last axis.
    """

    value: str
    gain: np.ndarray
    shift: np.ndarray
    norms: tuple[Node, ...] = ()
    index: np.ndarray | None = None

    def scaled(self, node: Node, gain: np.ndarray | float, shift: np.ndarray | float) -> "_Chain":
        """The chain with one more norm, y * gain + shift."""
        return replace(
            self, value=node.outputs[0], gain=self.gain * gain, shift=self.shift * gain + shift,
            norms=(*self.norms, node),
        )  # fmt: skip


@dataclass
class _Work:
    """The graph, and what changes in it: new constants (and their names by content), weights and
    bias of layers by name, norms that go."""

    graph: Graph
    fixed: frozenset[str]
    copies: bool
    constants: dict[str, np.ndarray] = field(default_factory=dict)
    layers: dict[str, tuple[str, str]] = field(default_factory=dict)
    made: dict[tuple[tuple[int, ...], bytes], str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.users = readers_of(self.graph)
        self.producers = {o: n for n in self.graph.nodes for o in n.outputs}
        self.kept = {*self.graph.outputs, *(s.next for s in self.graph.states)}

    def layer(self, node: Node) -> None:
        """Fold what follows a layer into it."""
        w, b = (self.graph.constants.get(i) for i in node.inputs[1:3])
        y = self.graph.type(node.outputs[0])
        if w is None or b is None or y.dtype != "float32" or y.elements > MOST_ELEMENTS:
            return
        channels = y.shape[-1]
        chain = self._followed(_Chain(node.outputs[0], np.ones(channels), np.zeros(channels)))
        if not chain.norms:
            return
        shared = len(self.users[node.inputs[1]]) > 1
        if shared and not self.copies and np.any(chain.gain != 1):
            return
        shape = [1] * w.ndim
        shape[OPS.get(node.op).channel_axis or 0] = channels
        with np.errstate(all="ignore"):
            weights = (w * chain.gain.reshape(shape)).astype(np.float32)
            bias = (b * chain.gain + chain.shift).astype(np.float32)
        if not (np.all(np.isfinite(weights)) and np.all(np.isfinite(bias))):
            return
        stem = chain.norms[-1].outputs[0]
        same = not np.any(chain.gain != 1)
        self.layers[node.name] = (
            node.inputs[1] if same else self._constant(f"{stem}_weights", weights),
            self._constant(f"{stem}_bias", bias),
        )
        self.gone |= {n.name for n in chain.norms}

    def _followed(self, chain: _Chain) -> _Chain:
        """The chain up to its last norm."""
        found = chain
        while (user := self._only_user(chain.value)) is not None:
            moves = OPS.get(user.op).moves
            further = self._moved(chain, user) if moves else self._scaled(chain, user)
            if further is None:
                break
            found = further if len(further.norms) > len(found.norms) else found
            chain = further
        return found

    def _only_user(self, value: str) -> Node | None:
        """The node that alone reads a value, once."""
        users = self.users.get(value, [])
        alone = len(users) == 1 and value not in self.kept and users[0].name not in self.fixed
        return users[0] if alone and len(users[0].outputs) == 1 else None

    def _moved(self, chain: _Chain, node: Node) -> _Chain | None:
        """The channels behind a node that moves elements."""
        picks = [self.graph.constants.get(i) for i in node.inputs[1:]]
        known = [p for p in picks if p is not None]
        large = self.graph.type(node.outputs[0]).elements > MOST_ELEMENTS
        if large or len(known) < len(picks) or node.inputs[0] != chain.value:
            return None
        (index,) = evaluate(node.op, [self._index(chain), *known], site_of(self.graph, node))
        return replace(chain, value=node.outputs[0], index=index)

    def _index(self, chain: _Chain) -> np.ndarray:
        if chain.index is not None:
            return chain.index
        channels = np.arange(len(chain.gain), dtype=np.int32)
        return np.array(np.broadcast_to(channels, self.graph.type(chain.value).shape))

    def _scaled(self, chain: _Chain, node: Node) -> _Chain | None:
        """The chain with a norm more; None where the node is none."""
        if node.op == "neg":
            return chain.scaled(node, -1.0, 0.0)
        op, first = OPS.get(node.op), node.inputs[0] == chain.value
        same = self.graph.type(chain.value).shape == self.graph.type(node.outputs[0]).shape
        if op.affine is None or not same:
            return None
        array = self._array(node.inputs[1 if first else 0])
        c = None if array is None else self._per_channel(chain, array)
        if c is None:
            return None
        if node.op == "sub" and not first:
            return chain.scaled(node, -1.0, c)
        with np.errstate(all="ignore"):  # what is not finite is seen in the weights
            return chain.scaled(node, *op.affine(c)) if first or op.commutes else None

    def _array(self, value: str) -> np.ndarray | None:
        """A constant, or what nodes that move elements (a broadcast, say) make of one."""
        moves: list[Node] = []
        while (node := self.producers.get(value)) is not None:
            large = self.graph.type(value).elements > MOST_ELEMENTS
            if large or not OPS.get(node.op).moves or len(node.inputs) > 1:
                return None
            moves.append(node)
            value = node.inputs[0]
        array = self.graph.constants.get(value)
        if array is not None:
            for node in reversed(moves):
                (array,) = evaluate(node.op, [array], site_of(self.graph, node))
        return array

    def _per_channel(self, chain: _Chain, array: np.ndarray) -> np.ndarray | None:
        """A constant operand as one number per channel; None where elements of one channel meet
        several numbers. Channels that no element belongs to get 1: nobody sees them."""
        channels = len(chain.gain)
        if array.size == 1:
            return np.full(channels, array.reshape(()), np.float64)
        if chain.index is None and array.size == channels == array.shape[-1]:
            return array.reshape(-1).astype(np.float64)
        index = self._index(chain).reshape(-1)
        values = np.broadcast_to(array, self.graph.type(chain.value).shape).reshape(-1)
        found = np.ones(channels)
        found[index] = values
        return found if np.array_equal(found[index], values) else None

    def _constant(self, name: str, array: np.ndarray) -> str:
        """A new constant under a name that is free; one that there is already where it is equal: a
        layer that is called many times, each time with the same summand, keeps one bias."""
        key = array.shape, sha256(array.tobytes()).digest()
        if key in self.made:
            return self.made[key]
        fresh, number = name, 1
        while fresh in self.graph.types or fresh in self.constants:
            fresh, number = f"{name}_{number}", number + 1
        self.constants[fresh] = array
        self.made[key] = fresh
        return fresh

    def result(self) -> Graph:
        """The graph without the folded norms and without what only they read."""
        nodes, became = [], self._named()
        for node in self.graph.nodes:
            if node.name in self.gone:
                continue
            inputs = tuple(became.get(i, i) for i in node.inputs)
            outputs = tuple(became.get(o, o) for o in node.outputs)
            if node.name in self.layers:
                inputs = (inputs[0], *self.layers[node.name])
            nodes.append(replace(node, inputs=inputs, outputs=outputs))
        constants = {**self.graph.constants, **self.constants}
        renamed = set(became) - set(became.values())
        types = {k: t for k, t in self.graph.types.items() if k not in renamed}
        types |= {k: type_of(a) for k, a in self.constants.items()}
        changed = self.graph.with_(nodes=tuple(nodes), types=types, constants=constants)
        return eliminate_dead.rewrite(changed)

    def _named(self) -> dict[str, str]:
        """Values in front of norms -> names of the results: the numbers are theirs from now on."""
        became: dict[str, str] = {}
        for node in reversed(self.graph.nodes):
            if node.name in self.gone:
                result = node.outputs[0]
                source = next(i for i in node.inputs if self._array(i) is None)
                became[source] = became.get(result, result)
        return became


PASS = Pass("fold_norms", requires=("float",), rewrite=rewrite)
