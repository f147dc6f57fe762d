"""The JSON of an exported program, to nodes.

Format: the data classes of torch/_export/serde/schema.py (class ExportedProgram): a union is an
object with one key, its kind; operations write the names of their results; arguments with default
values are left out; infinite numbers are texts.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tinsmith.importers.torch.archive import SCALARS, Meta, meta_of
from tinsmith.importers.torch.nodes import Node, Program, Source
from tinsmith.importers.torch.refusal import FIXED, LISTED, SAVE, broken, refuse
from tinsmith.importers.torch.signatures import GETITEM, Target, target_of

MAJOR = 8
"""Major version of the schema; minor ones add what may be ignored."""
MOST_NODES = 50_000
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,500}\Z")
_PREFIX = "torch.ops."
BY_NAME = 2
"""ArgumentKind.KEYWORD."""
NUMBERS = {"Infinity": float("inf"), "-Infinity": float("-inf"), "NaN": float("nan")}
SYMBOLIC = "as_sym_"


def parse(document: Any) -> Program:
    """A program from its JSON.

    Raises:
        UserError: ``import.pt2.version``, ``.broken``, ``.limit``, ``.shape`` (symbolic),
            ``.state`` (it writes its own buffers), ``.output`` (a result that is no tensor),
            ``.op`` (an operation whose signature is not known; names it and its node).
    """
    version = _at(document, "schema_version", dict)
    if version.get("major") != MAJOR:
        refuse(
            "version",
            f"Its schema has version {str(version.get('major'))[:20]}; {MAJOR} is read.",
            SAVE,
        )
    module = _at(document, "graph_module", dict)
    graph, signature = _at(module, "graph", dict), _at(module, "signature", dict)
    return _Reader(graph).program(signature)


class _Reader:
    """Nodes so far, by the names of their values."""

    def __init__(self, graph: Mapping[str, Any]) -> None:
        self.graph = graph
        self.known: dict[str, Node] = {}
        self.nodes: list[Node] = []
        values = _at(graph, "tensor_values", dict)
        self.values = {name: meta_of(entry, name) for name, entry in values.items()}
        for what in ("sym_int_values", "sym_float_values", "sym_bool_values"):
            if symbolic := graph.get(what):
                shown = ", ".join(map(str, symbolic)) if isinstance(symbolic, dict) else ""
                refuse("shape", f"It computes with sizes that are not fixed: {shown[:200]}.", FIXED)

    def program(self, signature: Mapping[str, Any]) -> Program:
        sources = self._sources(_at(signature, "input_specs", list))
        listed = _at(self.graph, "nodes", list)
        if len(listed) > MOST_NODES:
            refuse("limit", f"It has {len(listed)} nodes; at most {MOST_NODES} are read.")
        for entry in listed:
            self._call(entry)
        outputs = self._outputs(_at(signature, "output_specs", list))
        return Program(sources, self.nodes, outputs)

    def _sources(self, specs: list[Any]) -> list[Source]:
        names = _at(self.graph, "inputs", list)
        if len(specs) != len(names):
            broken(f"it has {len(names)} inputs and describes {len(specs)}")
        found = []
        for entry, spec in zip(names, specs, strict=True):
            source = self._source(*_union(spec, "a description of an input"), entry)
            if source:
                found.append(source)
        return found

    def _source(self, kind: str, body: Any, entry: Any) -> Source | None:
        if kind == "constant_input":
            return None  # a Python number that was fixed when the model was exported
        fields = {
            "user_input": ("input", ""), "parameter": ("weights", "parameter_name"),
            "buffer": ("weights", "buffer_name"),
            "tensor_constant": ("constants", "tensor_constant_name"),
        }.get(kind)  # fmt: skip
        if fields is None:
            refuse("input", f"It has an input of the kind {kind[:40]!r}.", "Inputs are tensors.")
        what, value = _union(entry, "an input")
        if what != "as_tensor":
            refuse("input", f"It has an input that is no tensor ({what[:40]}).", FIXED)
        name = _text(value, "name")
        declared = _at(body, "arg", dict)
        declared = declared.get("as_tensor", declared)
        if _text(declared, "name") != name:
            broken(f"the input {name!r} is described as another")
        node = self._add(Node(name, "placeholder", name, meta={"val": self._type(name)}))
        where, key = fields
        if kind == "buffer" and _at(body, "persistent", bool) is False:
            where = "constants"
        return Source(node, where, _text(body, key) if key else "")

    def _outputs(self, specs: list[Any]) -> list[Node]:
        entries = _at(self.graph, "outputs", list)
        if len(specs) != len(entries):
            broken(f"it has {len(entries)} results and describes {len(specs)}")
        found = []
        for entry, spec in zip(entries, specs, strict=True):
            kind, body = _union(spec, "a description of a result")
            if kind == "user_input_mutation":
                continue  # inputs of a graph are only read
            if kind in ("buffer_mutation", "parameter_mutation"):
                fields = body if isinstance(body, dict) else {}
                written = next((v for k, v in fields.items() if k.endswith("_name")), "")
                refuse(
                    "state",
                    f"The module writes its own {kind.split('_')[0]} {str(written)[:200]!r}.",
                    "Keep what changes between runs out of the module.",
                )
            what, value = _union(entry, "a result")
            if kind != "user_output" or what not in ("as_tensor", "as_none"):
                refuse("output", f"It returns what is no tensor ({what[:40]}).")
            if what == "as_tensor":
                found.append(self._read(_text(value, "name"), "the list of results"))
        return found

    def _call(self, entry: Any) -> None:
        given = _text(entry, "target").removeprefix(_PREFIX)
        results = _at(entry, "outputs", list)
        names, several = self._results(results)
        shown = str(entry.get("name") or next(iter(names), ""))
        where = f"Operation {given[:100]!r} (node {shown[:200]!r})"
        target = target_of(given)
        if target is None:
            refuse("op", f"{where} is not supported.", LISTED)
        args, kwargs = self._arguments(_at(entry, "inputs", list), target, where)
        types = tuple(self._type(n) for n in names)
        meta = {"val": types if several else next(iter(types), None), **_stack(entry)}
        if several or not names:
            name = entry.get("name") or "_".join(names) or f"node_{len(self.nodes)}"
            node = Node(str(name)[:200], "call_function", target, args, kwargs, meta)
            self.nodes.append(node)
            self._pick(node, names, types)
        else:
            node = Node(names[0], "call_function", target, args, kwargs, meta)
            self.nodes.append(self._add(node))

    def _pick(self, node: Node, names: list[str], types: Sequence[Meta]) -> None:
        """A node per result of an operation that has several."""
        stack = {k: v for k, v in node.meta.items() if k != "val"}
        for number, (name, type) in enumerate(zip(names, types, strict=True)):
            meta = {"val": type, **stack}
            picked = Node(name, "call_function", target_of(GETITEM), (node, number), {}, meta)
            self.nodes.append(self._add(picked))

    def _results(self, listed: list[Any]) -> tuple[list[str], bool]:
        """Names of the results, and whether the operation returns a tuple or list of them."""
        names: list[str] = []
        lists = 0
        for entry in listed:
            kind, value = _union(entry, "a result")
            if kind == "as_tensor":
                names.append(_text(value, "name"))
            elif kind == "as_tensors" and isinstance(value, list):
                lists += 1
                names += [_text(v, "name") for v in value]
            elif kind.startswith(SYMBOLIC):
                refuse("shape", "It computes with sizes that are not fixed.", FIXED)
            else:
                broken(f"a node has a result of the kind {kind[:40]!r}")
        if lists and len(listed) != 1:
            broken("a node returns lists beside other values")
        return names, bool(lists) or len(listed) > 1

    def _arguments(
        self, listed: list[Any], target: Target, where: str
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Arguments by place, as far as they follow the signature, and by name."""
        given: dict[str, tuple[Any, bool]] = {}
        for entry in listed:
            name = _text(entry, "name", identifier=False)
            if name in given:
                broken(f"{where} has the argument {name[:100]!r} twice")
            value = self._argument(entry.get("arg"), where)
            given[name] = value, entry.get("kind") == BY_NAME
        arguments = target._schema.arguments
        if unknown := set(given) - {a.name for a in arguments}:
            refuse("op", f"{where} has an unknown argument {min(unknown)[:100]!r}.")
        if missing := [a for a in arguments if a.name not in given and a.default_value is ...]:
            broken(f"{where} lacks its argument {missing[0].name!r}")
        args = []
        for argument in arguments:
            if argument.by_name or argument.name not in given or given[argument.name][1]:
                break
            args.append(given.pop(argument.name)[0])
        return tuple(args), {name: value for name, (value, _) in given.items()}

    def _argument(self, union: Any, where: str) -> Any:
        kind, value = _union(union, f"an argument of {where}")
        if kind.startswith(SYMBOLIC):
            return self._size(kind, value, where)
        read = _ARGUMENTS.get(kind)
        if read is None:
            refuse("op", f"{where} is not supported: it has an argument of the kind {kind[:40]}.")
        return read(self, value, where)

    def _size(self, kind: str, value: Any, where: str) -> Any:
        """A number that could have been symbolic; a list of such."""
        listed = kind.endswith("s")
        found = []
        for item in value if listed and isinstance(value, list) else [value]:
            inner, number = _union(item, f"an argument of {where}")
            if inner == "as_name":
                refuse("shape", f"{where} takes a size that is not fixed.", FIXED)
            found.append(_number(number, where))
        return found if listed else found[0]

    def tensor(self, value: Any, where: str) -> Node:
        """The node that an argument names."""
        return self._read(_text(value, "name"), where)

    def _read(self, name: str, where: str) -> Node:
        if name not in self.known:
            broken(f"{where} reads {name!r}, which nothing before it computes")
        return self.known[name]

    def _type(self, name: str) -> Meta:
        if name not in self.values:
            broken(f"{name!r} has no type")
        return self.values[name]

    def _add(self, node: Node) -> Node:
        if node.name in self.known:
            broken(f"{node.name!r} is computed twice")
        self.known[node.name] = node
        return node


def _stack(entry: Any) -> dict[str, Any]:
    """The modules around a node: ``key,path,class`` with ``;`` between them."""
    metadata = entry.get("metadata")
    text = metadata.get("nn_module_stack", "") if isinstance(metadata, dict) else ""
    if not isinstance(text, str):
        broken("a node's stack of modules is no text")
    parts = (p.split(",") for p in text.split(";") if p)
    return {"nn_module_stack": {p[0]: (p[1], p[-1]) for p in parts if len(p) >= 3}}


def _optional(reader: _Reader, value: Any, where: str) -> Node | None:
    kind, inner = _union(value, f"an argument of {where}")
    return reader.tensor(inner, where) if kind == "as_tensor" else None


def _listed(read: Callable[[_Reader, Any, str], Any]) -> Callable[[_Reader, Any, str], Any]:
    def each(reader: _Reader, value: Any, where: str) -> list[Any]:
        if not isinstance(value, list):
            broken(f"{where} has an argument that is no list")
        return [read(reader, v, where) for v in value]

    return each


def _plain(kind: type[Any]) -> Callable[[_Reader, Any, str], Any]:
    def read(reader: _Reader, value: Any, where: str) -> Any:
        if type(value) is not kind:
            broken(f"{where} has an argument that is no {kind.__name__}")
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            broken(f"{where} has the argument {str(value)[:40]}")
        return value

    return read


def _number(value: Any, where: str) -> Any:
    if isinstance(value, str) and value in NUMBERS:
        return NUMBERS[value]
    if type(value) not in (int, float, bool) or abs(value) > 2**63:
        broken(f"{where} has an argument that is no number")
    return value


def _float(reader: _Reader, value: Any, where: str) -> float:
    return float(_number(value, where))


def _dtype(reader: _Reader, value: Any, where: str) -> str:
    if type(value) is not int or value not in SCALARS:
        broken(f"{where} names an unknown type of elements")
    return SCALARS[value]


def _nothing(reader: _Reader, value: Any, where: str) -> None:
    return None


_ARGUMENTS: Mapping[str, Callable[[_Reader, Any, str], Any]] = {
    "as_none": _nothing, "as_tensor": _Reader.tensor, "as_tensors": _listed(_Reader.tensor),
    "as_optional_tensor": _optional, "as_optional_tensors": _listed(_optional),
    "as_int": _plain(int), "as_ints": _listed(_plain(int)),
    "as_int_lists": _listed(_listed(_plain(int))),
    "as_float": _float, "as_floats": _listed(_float),
    "as_bool": _plain(bool), "as_bools": _listed(_plain(bool)),
    "as_string": _plain(str), "as_strings": _listed(_plain(str)),
    "as_scalar_type": _dtype,
    "as_memory_format": _nothing, "as_layout": _nothing, "as_device": _nothing,
}  # fmt: skip
"""Kind of an argument -> its value. Layout, memory format and device change no number."""


def _union(value: Any, what: str) -> tuple[str, Any]:
    if not isinstance(value, dict) or len(value) != 1:
        broken(f"{what} has another form")
    return next(iter(value.items()))


def _at(body: Any, key: str, kind: type) -> Any:
    value = body.get(key) if isinstance(body, dict) else None
    if not isinstance(value, kind):
        broken(f"{key!r} is missing or of another form")
    return value


def _text(body: Any, key: str, identifier: bool = True) -> str:
    value: str = _at(body, key, str)
    if key == "name" and identifier and not _NAME.match(value):
        broken(f"{value[:100]!r} is no name")
    return value
