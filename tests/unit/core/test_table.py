"""Tables of TOML: one family of error codes, each message with file, key and what is allowed."""

from pathlib import Path

import pytest

from tinsmith.core.errors import UserError
from tinsmith.core.table import Table, read_toml


def refused(code: str, says: str, call, *arguments, **options) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UserError) as e:
        call(*arguments, **options)
    assert (e.value.code, e.value.message) == (code, says)


def test_what_is_no_toml() -> None:
    with pytest.raises(UserError, match=r"^a.toml: this is not valid TOML: ") as e:
        read_toml("[a", Path("a.toml"))
    assert e.value.code == "toml.syntax"
    with pytest.raises(UserError, match=r"^this is not valid TOML: "):
        read_toml("[a")


def test_messages_name_file_key_and_what_is_allowed() -> None:
    top = read_toml('[a]\nn = -1\nt = ""\nb = true\nrows = [1]\nl = ["x", ""]', Path("p.toml"))
    a = top.table("a")
    refused("toml.key", "p.toml: key 'a' is unknown.", top.only, ("name",))
    refused("toml.key", "p.toml: a.x is missing; allowed is a text that is not empty.", a.text, "x")
    refused("toml.value", "p.toml: a.t is ''; allowed is a text that is not empty.", a.text, "t")
    refused("toml.value", "p.toml: a.n is -1; allowed is a whole number from 0 up.", a.count, "n")
    refused("toml.value", "p.toml: a.n is -1; allowed is 0 to 1.", a.number, "n", high=1)
    says = "p.toml: a.b is True; allowed is a whole number from 2 up."
    refused("toml.value", says, a.count, "b", low=2)
    refused("toml.value", "p.toml: a.l is ['x', '']; allowed is a list of texts.", a.texts, "l")
    assert a.texts("l", empty=True) == ("x", "")
    says = "p.toml: a.rows is [1]; allowed is one or more tables, each written [[a.rows]]."
    refused("toml.value", says, a.tables, "rows")
    refused("toml.value", "p.toml: a.n is -1; allowed is a table, written [a.n].", a.table, "n")


def test_one_number_for_all_or_one_for_each() -> None:
    def table(value: object) -> Table:
        return Table(None, "", {"k": value})

    assert table(2).positives("k", 3) == (2.0, 2.0, 2.0)
    assert table([1, 2.5]).positives("k", 2) == (1.0, 2.5)
    for wrong in (0, -1, True, float("inf"), float("nan"), "1", [1.0], [1, 2, 3], [1, "2"], None):
        with pytest.raises(UserError, match="a positive number, or 2 of them in a list") as e:
            table(wrong).positives("k", 2)
        assert e.value.code == "toml.value"
    refused("toml.key", "k is missing; allowed is a positive number.",
            Table(None, "", {}).positives, "k", 1)  # fmt: skip


def test_tables_in_a_row_are_numbered() -> None:
    first, second = read_toml("[[b]]\nx = 1\n[[b]]\nx = 0").tables("b")
    assert first.count("x", low=1) == 1
    with pytest.raises(UserError, match=r"^b\[1\]\.x is 0; "):
        second.count("x", low=1)
