"""The FlatBuffers reader: every damaged file is refused, none leads outside of the file."""

import struct

import numpy as np
import pytest
import tflites
from tflites import Table, dense, write

from tinsmith.core.errors import UserError
from tinsmith.importers.tflite.flatbuffer import root
from tinsmith.importers.tflite.rules import RULES
from tinsmith.importers.tflite.schema import parse
from tinsmith.importers.tflite.translate import translate


def read(data: bytes) -> None:
    translate(parse(data), RULES, "net", "litert")


def code(data: bytes) -> str:
    with pytest.raises(UserError) as e:
        read(data)
    return e.value.code


def test_all_kinds_of_fields_come_back() -> None:
    table = root(write(Table({
        0: ("I", 7), 1: ("b", -3), 3: ("o", "wörd"), 4: ("o", np.arange(3, dtype="<i8")),
        5: ("o", Table({2: ("f", 0.5)})), 6: ("o", [Table({0: ("i", i)}) for i in (4, 5)]),
    })), b"TFL3")  # fmt: skip
    assert (table.integer(0, "<I"), table.integer(1, "<b"), table.integer(2, "<i", 9)) == (7, -3, 9)
    assert table.text(3) == "wörd" and table.text(2) == ""
    assert table.numbers(4, "<i8").tolist() == [0, 1, 2] and table.numbers(2, "<i8").size == 0
    inner = table.table(5)
    assert inner is not None and inner.number(2, "<f") == 0.5 and table.table(2) is None
    assert [t.integer(0, "<i") for t in table.tables(6)] == [4, 5]


def test_every_shorter_file_is_refused(rng: np.random.Generator) -> None:
    data = dense(rng).bytes()
    read(data)
    codes = {code(data[:n]) for n in range(len(data) - 5 * 4)}
    assert codes == {"import.tflite.magic", "import.tflite.broken"}


def test_other_files_are_refused() -> None:
    for data in (b"", b"TFL3", b"\x89PNG\r\n\x1a\n" + bytes(64), b"\0" * 4 + b"TFL2" + bytes(64)):
        assert code(data) == "import.tflite.magic"


@pytest.mark.parametrize("value", [0, 1, 7, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_any_word_may_be_wrong(value: int, rng: np.random.Generator) -> None:
    """Each aligned word in turn: offsets out of range and backwards, counts, cycles, types."""
    data = dense(rng, "float32").bytes()
    refused = 0
    for place in range(0, len(data) - 3, 4):
        broken = data[:place] + struct.pack("<I", value) + data[place + 4 :]
        try:
            read(broken)
        except UserError as e:
            assert e.code.startswith("import.tflite."), e.code
            refused += 1
    assert refused > 20


def test_a_table_that_contains_itself_is_no_endless_loop(rng: np.random.Generator) -> None:
    """Subgraphs, operators, tensors and buffers that all lead to the root table."""
    data = bytearray(dense(rng).bytes())
    start = struct.unpack_from("<I", data)[0]
    for place in range(8, len(data) - 3, 4):
        turned = bytes(data[:place]) + struct.pack("<i", start - place) + bytes(data[place + 4 :])
        try:
            read(turned)
        except UserError as e:
            assert e.code.startswith("import.tflite.")


def test_long_lists_are_refused(rng: np.random.Generator) -> None:
    file = dense(rng)
    file.tensors[0].shape = [1] * 2000
    assert code(file.bytes()) == "import.tflite.limit"
    many = write(Table({0: ("I", 3), 2: ("o", [Table({})]), 4: ("o", [Table({})] * 70_000)}))
    assert code(many) == "import.tflite.limit"


def test_a_list_that_leaves_the_file_is_refused() -> None:
    data = write(Table({4: ("o", np.arange(3, dtype="<i4"))}))
    place = data.rindex(struct.pack("<I", 3) + struct.pack("<i", 0))
    table = root(data[:place] + struct.pack("<I", 4) + data[place + 4 :], b"TFL3")
    with pytest.raises(UserError, match="a list of 4 entries at byte"):
        table.numbers(4, "<i4")


def test_the_writer_of_these_tests_knows_the_schemas_types() -> None:
    from tinsmith.importers.tflite.schema import TYPES

    assert all(TYPES[i] == name for name, i in tflites.TYPES.items())
