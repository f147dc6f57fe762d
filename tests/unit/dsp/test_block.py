"""Parameters of blocks: what is allowed, and what an error says."""

import re

import pytest

from tinsmith.core.errors import UserError
from tinsmith.dsp.block import Param, complete_params, describe
from tinsmith.ir.graph import Attr

PARAMS = (
    Param("size", 8, "", (), 1, 64),
    Param("share", 0.5, "", (), 0.0, 1.0),
    Param("kind", "hann", "", ("hann", "rect")),
    Param("log", True, ""),
    Param("hidden", (4,), "", (), 1, 99),
    Param("name", "x", ""),
)


def test_defaults_are_filled_in() -> None:
    complete = complete_params("Block 'b'", PARAMS, {"size": 4, "share": 1, "hidden": ()})
    assert complete == {
        "size": 4, "share": 1.0, "kind": "hann", "log": True, "hidden": (), "name": "x",
    }  # fmt: skip
    assert type(complete["share"]) is float


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("size", 0, "int, from 1 to 64"),
        ("size", 65, "int, from 1 to 64"),
        ("size", 2.5, "int, from 1 to 64"),
        ("size", True, "int, from 1 to 64"),
        ("size", "4", "int, from 1 to 64"),
        ("size", (4,), "int, from 1 to 64"),
        ("share", 1.5, "float, from 0 to 1"),
        ("share", float("nan"), "float, from 0 to 1"),
        ("kind", "han", "one of 'hann', 'rect'"),
        ("log", 1, "bool"),
        ("hidden", (4, 0), "a list of int, from 1 to 99"),
        ("hidden", (4.0,), "a list of int, from 1 to 99"),
        ("hidden", 4, "a list of int, from 1 to 99"),
        ("name", 4, "str"),
    ],
)
def test_wrong_values_say_what_is_allowed(name: str, value: Attr, allowed: str) -> None:
    with pytest.raises(UserError) as e:
        complete_params("Block 'b'", PARAMS, {name: value})
    assert e.value.code == "dsp.param.value"
    assert e.value.message == f"Block 'b': {name} is {value!r}; allowed is {allowed}."


def test_unknown_names_have_a_suggestion() -> None:
    with pytest.raises(
        UserError, match=re.escape("no parameter 'sizes'. Did you mean 'size'?")
    ) as e:
        complete_params("Block 'b'", PARAMS, {"sizes": 1})
    assert "hidden" in e.value.hint


def test_half_open_ranges() -> None:
    assert describe(Param("n", 1, "", (), 1)) == "int, from 1"
    assert describe(Param("n", 1, "", (), None, 5)) == "int, to 5"
