"""Files of our own: equal graphs, equal bytes; what is damaged or hostile is refused by name."""

import io
import json
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from tinsmith.core.errors import UserError
from tinsmith.importers import read_model
from tinsmith.ir import store
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.op import OPS
from tinsmith.ir.text import contents, to_text
from tinsmith.ir.types import SIZES, Quant, TensorType

Members = dict[str, bytes]


def small(rng: np.random.Generator) -> Graph:
    """A state, scales per channel, odd names, a scalar, an empty stage."""
    b = Builder("small", "quantised")
    x = b.input("the input", TensorType((1, 3), "float32"))
    quant, per_channel = Quant((0.05,), (-3,)), Quant((0.1, 0.30000000000000004), (0, 0), 0)
    x8 = b.op("quantize", x, quant=quant, name="x8")
    w = b.constant("w/1", rng.integers(-9, 9, (2, 3)).astype(np.int8), per_channel)
    sums = b.op("dense", x8, w, b.constant("b", np.array([1, -2], np.int32)))
    total = b.state("seen", np.zeros((1, 2), np.int32), b.type(sums).quant)
    b.stage = 'stage "two"'
    more = b.op("add", sums, total, quant=b.type(sums).quant)
    b.update(total, more)
    half = b.constant("half", np.array(0.5, np.float32))
    return b.build([more, b.op("mul", x, half)])


def every_dtype() -> Graph:
    b = Builder("every")
    outputs = []
    for dtype in SIZES:
        constant = b.constant(dtype, np.array([0, 1, 1], dtype))
        x = b.input(f"x_{dtype}", TensorType((2,), dtype))  # type: ignore[arg-type]
        outputs.append(b.op("concat", x, constant, axis=0))
    return b.build(outputs)


def same(one: Graph, other: Graph) -> None:
    assert to_text(one) == to_text(other)
    mine, theirs = contents(one), contents(other)
    for name in mine:
        assert mine[name].dtype == theirs[name].dtype
        np.testing.assert_array_equal(mine[name], theirs[name])


def test_round_trip_and_equal_bytes(rng, tmp_path: Path) -> None:
    for graph in (small(rng), every_dtype()):
        data = store.dumps(graph)
        shuffled = graph.with_(
            constants=dict(reversed(graph.constants.items())),
            types=dict(reversed(graph.types.items())),
        )
        assert data == store.dumps(shuffled)
        same(store.loads(data), graph)
        path = tmp_path / f"{graph.name}.tinsmith"
        path.write_bytes(data)
        same(read_model(path), graph)
        assert read_model(path, "other").name == "other"


def test_the_bytes_are_these() -> None:
    b = Builder("one")
    x = b.input("x", TensorType((2,), "float32"))
    graph = b.build([b.op("add", x, b.constant("c", np.array([1, 2], np.float32)))])
    assert sha256(store.dumps(graph)).hexdigest() == GOLDEN


GOLDEN = "7bc9fd1b57ef852416f95a7a8960ad9257f6658ab8a43b9642fe08c6e5a42f28"


def members(graph: Graph) -> Members:
    with zipfile.ZipFile(io.BytesIO(store.dumps(graph))) as archive:
        return {n: archive.read(n) for n in archive.namelist()}


def packed(parts: Members, compression: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    return out.getvalue()


def with_text(parts: Members, change: Callable[[str], str]) -> Members:
    """Another text, with the hash that belongs to it."""
    text = change(parts["graph.txt"].decode()).encode()
    head = json.loads(parts["format.json"]) | {"text": sha256(text).hexdigest()}
    return {**parts, "graph.txt": text, "format.json": json.dumps(head).encode()}


def with_head(parts: Members, **changes: object) -> Members:
    head = json.loads(parts["format.json"]) | changes
    return {**parts, "format.json": json.dumps(head).encode()}


def npy(header: str, body: bytes = b"") -> bytes:
    text = header.encode().ljust(118) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + body


def first(parts: Members) -> str:
    return "constants/0.npy"


HUGE = "{'descr': '<f4', 'fortran_order': False, 'shape': (1073741824, 1073741824), }"
OBJECTS = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
NEGATIVE = "{'descr': '<i4', 'fortran_order': False, 'shape': (-1, -2), }"
HOSTILE: dict[str, tuple[str, Callable[[Members], bytes]]] = {
    "empty": ("broken", lambda p: b""),
    "no zip": ("broken", lambda p: b"PK\3\4" + bytes(80)),
    "cut": ("broken", lambda p: packed(p)[:-40]),
    "no text": ("broken", lambda p: packed({k: v for k, v in p.items() if k != "graph.txt"})),
    "one constant less": ("broken", lambda p: packed(dict(list(p.items())[:-1]))),
    "one member more": ("broken", lambda p: packed({**p, "../../escape": b"x"})),
    "a bomb": ("broken", lambda p: packed({**p, "graph.txt": bytes(10**7)}, zipfile.ZIP_DEFLATED)),
    "text of another graph": (
        "broken", lambda p: packed({**p, "graph.txt": p["graph.txt"] + b"# more\n"})
    ),
    "another constant": (
        "broken", lambda p: packed({**p, first(p): p[first(p)][:-1] + b"\x77"})
    ),
    "pickled objects": (
        "broken", lambda p: packed({**p, first(p): npy(OBJECTS, b"cos\nsystem\n.")})
    ),
    "a huge constant": ("broken", lambda p: packed({**p, first(p): npy(HUGE)})),
    "a negative shape": ("broken", lambda p: packed({**p, first(p): npy(NEGATIVE, bytes(8))})),
    "a header that calls": ("broken", lambda p: packed({**p, first(p): npy("__import__('os')")})),
    "a later version": ("version", lambda p: packed(with_head(p, version=2))),
    "another format": ("broken", lambda p: packed(with_head(p, format="zip"))),
    "names that are no list": ("broken", lambda p: packed(with_head(p, constants={"a": 1}))),
    "a name twice": ("broken", lambda p: packed(with_head(p, constants=["b", "b", "half", "w/1"]))),
    "a head that nests": ("", lambda p: packed({**p, "format.json": b"[" * 10**6})),
    "an unknown operation": (
        "broken", lambda p: packed(with_text(p, lambda t: t.replace("= quantize(", "= launch(")))
    ),
    "wrong inference": (
        "broken", lambda p: packed(with_text(p, lambda t: t.replace("int8[1x3]", "int8[1x4]")))
    ),
    "an endless value": (
        "limit",
        lambda p: packed(with_text(p, lambda t: t.replace("[1x3]", "[99999x99999]"))),
    ),
    "scales that no kernel takes": (
        "broken", lambda p: packed(with_text(p, lambda t: t.replace("q(0.05;-3)", "q(1e-44;-3)")))
    ),
    "an attribute that calls": (
        "broken", lambda p: packed(with_text(p, lambda t: t.replace("{}", "{'a': exit()}")))
    ),
    "an attribute that nests": (
        "", lambda p: packed(with_text(p, lambda t: t.replace("{}", "{'a': " + "(" * 10**5 + "}")))
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused(name: str, rng, tmp_path: Path) -> None:
    what, make = HOSTILE[name]
    path = tmp_path / "hostile.tinsmith"
    path.write_bytes(make(members(small(rng))))
    with pytest.raises(UserError) as e:
        read_model(path)
    if what:
        assert e.value.code == f"import.tinsmith.{what}", e.value
    else:
        assert e.value.code.startswith(("import.tinsmith.", "sandbox."))
    assert e.value.hint and "Traceback" not in e.value.message


def test_no_byte_that_is_turned_over_goes_unnoticed(rng) -> None:
    """Every tenth byte, one bit: refused, or (in what zip does not protect) the same graph."""
    graph = small(rng)
    data = bytearray(store.dumps(graph))
    text, changed = to_text(graph), 0
    for at in range(0, len(data), 10):
        data[at] ^= 1 << (at % 8)
        try:
            assert to_text(store.loads(bytes(data))) == text
        except AssertionError:
            raise
        except Exception:  # noqa: BLE001 - `read` turns them into a message
            changed += 1
        data[at] ^= 1 << (at % 8)
    assert changed > len(data) // 20


def test_bytes_of_a_bool_are_0_and_1() -> None:
    parts = members(every_dtype())
    names = json.loads(parts["format.json"])["constants"]
    place = f"constants/{names.index('bool')}.npy"
    with pytest.raises(ValueError, match="neither 0 nor 1"):
        store.loads(packed({**parts, place: parts[place][:-1] + b"\2"}))


def test_trees_are_not_kept() -> None:
    case = next(c for c in OPS.get("tree_ensemble").cases.values() if c.types[0].dtype == "float32")
    b = Builder("trees")
    names = [
        b.input("x", t) if i == 1 else b.constant(f"c{i}", a)
        for i, (a, t) in enumerate(zip(case.operands, case.types, strict=True))
    ]
    graph = b.build([b.op("tree_ensemble", *names, quant=None, **case.attrs)])
    with pytest.raises(UserError, match="tree_ensemble") as e:
        store.dumps(graph)
    assert e.value.code == "import.tinsmith.op"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "_check_ops", lambda graph: None)
        data = store.dumps(graph)
    with pytest.raises(UserError, match="tree_ensemble"):
        store.loads(data)


def test_a_missing_file_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UserError) as e:
        read_model(tmp_path / "none.tinsmith")
    assert e.value.code == "import.tinsmith.file"
