"""Blocks and tables, made of names that nobody trusts."""

from collections.abc import Iterable
from dataclasses import dataclass
from html.parser import HTMLParser

from tinsmith.facade.board import boards
from tinsmith.facade.shown import Row, Shown

HOSTILE = "<script>alert('x')</script>\x1b[2J\n\"&"


@dataclass(frozen=True, repr=False)
class Thing(Shown):
    name: str

    def _title(self) -> str:
        return f"thing {self.name}"

    def _rows(self) -> Iterable[Row]:
        yield "a", "1"
        yield "longer", self.name, "more"


class Tags(HTMLParser):
    """Tags and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_block_is_aligned() -> None:
    assert str(Thing("x")) == "thing x\n  a       1\n  longer  x  more"
    assert repr(Thing("x")) == "<Thing thing x>"


def test_hostile_names_are_text() -> None:
    thing = Thing(HOSTILE)
    assert "\x1b" not in str(thing) + repr(thing)
    assert str(thing).count("\n") == 2
    assert "\n" not in repr(thing)
    table = thing._repr_html_()
    seen = Tags(table)
    assert set(seen.tags) == {"table", "caption", "tr", "th", "td"}
    assert "<script>alert('x')</script>" in seen.text
    assert "\x1b" not in table


def test_boards_are_a_mapping_and_a_table() -> None:
    found = boards()
    assert found["rpi_pico"].core.name == "cortex-m0plus"
    assert len(found) == len(list(found)) == str(found).count("\n")
    assert found._repr_html_().count("<tr>") == len(found)
    assert "264" in str(found) or "270.3 kB RAM" in str(found)
