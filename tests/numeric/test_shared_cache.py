"""The folder of what compilers make is shared: by projects, and by processes at one time."""

import subprocess
import sys
from pathlib import Path

from firmwares import CACHE, image

BUILD = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from firmwares import mixed
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.devices.board import BOARDS
made = build_image(mixed("rpi_pico"), BOARDS.get("rpi_pico"), "zig", BuildOptions(Path({cache!r})))
Path(sys.argv[1]).write_bytes(made.elf)
"""


def test_two_processes_may_build_the_first_image_of_a_core_at_once(tmp_path: Path) -> None:
    """Both want zig's runtime library, which nobody has compiled yet, and the same objects."""
    tests = str(Path(__file__).resolve().parents[1])
    text = BUILD.format(tests=tests, cache=str(tmp_path / "objects"))
    made = [tmp_path / name for name in ("one.elf", "two.elf")]
    running = [
        subprocess.Popen([sys.executable, "-c", text, str(path)], stderr=subprocess.PIPE, text=True)
        for path in made
    ]
    said = [process.communicate(timeout=300)[1] for process in running]
    assert [process.returncode for process in running] == [0, 0], said
    assert made[0].read_bytes() == made[1].read_bytes() == image("rpi_pico", "zig").elf
    left = [p.name for p in (tmp_path / "objects").rglob(".part-*")]
    assert left == [] and tmp_path / "objects" != CACHE
