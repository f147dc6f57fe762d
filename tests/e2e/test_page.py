"""What the page of the WebAssembly package answers to what people type, in a browser."""

import html
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from packages import call, made, order, other_graph

FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000")
TYPE = """<script>setTimeout(() => {{
    document.getElementById("case").value = "{case}";
    document.getElementById("case").dispatchEvent(new Event("change"));
    const typed = "{typed}";
    if (typed) {{ document.getElementById("in-x").value = typed; }}
    document.getElementById("run").click();
}}, 5000)</script></body>"""


def said(chromium: str, folder: Path, case: int = 0, typed: str = "") -> str:
    """The page's content after a golden case was chosen, an input typed and Run clicked."""
    _, root = made("wasm", folder, order(graph=other_graph()))
    page = root / "other/index.html"
    script = TYPE.format(case=case, typed=typed)
    page.write_text(page.read_text().replace("</body>", script))
    user = f"--user-data-dir={folder / 'user'}"
    return call(chromium, *FLAGS, user, "--dump-dom", page.as_uri(), cwd=folder)


def verdict(page: str) -> str:
    """What it says of the last run."""
    return html.unescape(re.search(r'id="verdict" role="status">(.*?)</p>', page)[1])


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("1 2 3", "x needs 7 numbers, not 3"),
        ("1 2 3 4 5 6 300", 'x: "300" is no whole number from -128 to 127 (int8)'),
        ("1 2 3 4 5 6 0.5", 'x: "0.5" is no whole number from -128 to 127 (int8)'),
        ("1 2 3 4 5 6 seven", 'x: "seven" is no whole number from -128 to 127 (int8)'),
    ],
)
def test_what_is_no_input_is_told_and_nothing_is_shown(
    tmp_path: Path, require_tool: Callable[[str], str], typed: str, words: str
) -> None:
    page = said(require_tool("chromium"), tmp_path, typed=typed)
    assert verdict(page) == words
    assert '<pre id="outputs"></pre>' in page and '<div id="bars"></div>' in page


def test_a_golden_case_is_said_to_be_equal_and_other_inputs_are_not_judged(
    tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    chromium = require_tool("chromium")
    wanted = order(graph=other_graph()).golden
    page = said(chromium, tmp_path / "a", case=2)
    assert verdict(page) == "Equal to the reference in every bit (golden case 2)."
    want = " ".join(map(str, wanted.outputs["sums"][2].ravel()))
    assert f'<pre id="outputs">sums: {want}</pre>' in page
    other = said(chromium, tmp_path / "b", typed="0 0 0 0 0 0 127")
    assert verdict(other) == "" and re.search(r'<pre id="outputs">sums: -?\d', other)
    assert 'data-verdict="pass"' in other
