"""Programs in C and in C++ read the names of classes from the header, byte by byte."""

import subprocess
import sys
from pathlib import Path

import pytest

from tinsmith.codegen.compile import compile_graph
from tinsmith.ir.builder import Builder
from tinsmith.ir.types import TensorType

NAMES = ("still", "a b", '"); abort(); ("', "\\", "??/", "\n#define X", "*/ /*", "\u00e9", "", "%s",
         "1\x7f7", "7" * 3000)  # fmt: skip
PROGRAM = """#include "net.h"
#include <stdio.h>
static const char *const names[] = NET_OUTPUT_Y_LABELS;
int main(void) {
    for (int i = 0; i < NET_OUTPUT_Y_LABEL_COUNT; i++) printf("%s\\1", names[i]);
    return sizeof names / sizeof *names == NET_OUTPUT_Y_LABEL_COUNT ? 0 : 1;
}
"""


@pytest.mark.parametrize(
    ("suffix", "words"), [(".c", ["cc", "-std=c99"]), (".cpp", ["c++", "-std=c++11"])]
)
def test_programs_read_the_names(suffix: str, words: list[str], tmp_path: Path) -> None:
    b = Builder("net")
    x = b.input("x", TensorType((1, len(NAMES)), "float32"))
    y = b.op("softmax", x, name="y")
    b.label(y, NAMES)
    (tmp_path / "net.h").write_text(compile_graph(b.build([y]), "host").sources["net.h"])
    source, built = tmp_path / f"main{suffix}", tmp_path / "main"
    source.write_text(PROGRAM)
    strict = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-Wno-overlength-strings"]
    command = [sys.executable, "-m", "ziglang", *words, *strict, source, "-o", built]
    subprocess.run([str(w) for w in command], check=True)
    said = subprocess.run([str(built)], capture_output=True, check=True).stdout
    assert said.split(b"\1")[:-1] == [n.encode() for n in NAMES]
