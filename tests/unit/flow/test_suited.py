"""Settings that suit recordings, and channels that are the label in disguise."""

import io
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from tinsmith.core.errors import UserError
from tinsmith.core.progress import Silent
from tinsmith.data.dataset import Channel, Contract, Dataset, Manifest, Recording
from tinsmith.data.disguise import check_disguised, growing
from tinsmith.flow.project import read_project
from tinsmith.flow.start import begin
from tinsmith.flow.suited import suited


def dataset(
    folder: Path,
    rows: list[tuple[str, np.ndarray]],
    rate_hz: float,
    contract: Contract | None = None,
) -> Dataset:
    (folder / "samples").mkdir(parents=True)
    recordings = []
    for i, (label, values) in enumerate(rows):
        buffer = io.BytesIO()
        np.save(buffer, values)
        digest = sha256(buffer.getvalue()).hexdigest()
        (folder / "samples" / f"{digest}.npy").write_bytes(buffer.getvalue())
        recordings.append(Recording(f"r{i}", label, None, len(values), digest))
    channels = tuple(Channel(f"c{i}") for i in range(rows[0][1].shape[1]))
    kept = contract or Contract()
    return Dataset(Manifest("set", channels, rate_hz, tuple(recordings), contract=kept), folder)


def noise(rng: np.random.Generator, samples: int, channels: int = 1) -> np.ndarray:
    return rng.normal(size=(samples, channels)).astype(np.float32)


@pytest.mark.parametrize(
    ("rate", "samples", "says"),
    [(26, 64, "motion"), (50, 128, "motion"), (200, 512, "motion"), (1000, 512, "vibration"),
     (16_000, 16_384, "sound"), (1 / 300, 32, "slow"), (2, 32, "slow")],
)  # fmt: skip
def test_windows_follow_the_rate(
    tmp_path: Path, rng: np.random.Generator, rate: float, samples: int, says: str
) -> None:
    rows = [(label, noise(rng, 200_000)) for label in "aabb"]
    found = suited(dataset(tmp_path, rows, rate))
    assert (found.window.samples, found.window.stride) == (samples, samples // 2)
    assert says in found.window_why.lower() and "shorter" not in found.window_why


def test_one_short_segment_makes_no_short_window(tmp_path: Path, rng: np.random.Generator) -> None:
    rows = [(label, noise(rng, 500)) for label in "aaabbb"] + [("a", noise(rng, 2))]
    assert suited(dataset(tmp_path, rows, 50)).window.samples == 128


def test_short_recordings_make_a_short_window_and_it_is_said(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    rows = [("a", noise(rng, 500)) for _ in range(5)] + [("b", noise(rng, 70)) for _ in range(5)]
    found = suited(dataset(tmp_path, rows, 50))
    assert found.window.samples == 64
    assert "shorter, as windows of 128 samples do not fit" in found.window_why


def test_whole_numbers_stay_what_they_are(tmp_path: Path, rng: np.random.Generator) -> None:
    rows = [(label, np.rint(1000 * noise(rng, 300, 2))) for label in "aabb"]
    found = suited(dataset(tmp_path / "a", rows, 50))
    assert (found.dtype, found.lsb, found.full_scale) == ("int16", (1.0, 1.0), ())
    large = [(label, 100 * values) for label, values in rows]
    assert suited(dataset(tmp_path / "b", large, 50)).dtype == "int32"
    odd = [*rows[:-1], ("b", rows[-1][1] + 0.5)]
    found = suited(dataset(tmp_path / "c", odd, 50))
    assert found.lsb == () and len(found.full_scale) == 2


def test_the_contract_of_recordings_is_kept(tmp_path: Path, rng: np.random.Generator) -> None:
    rows = [(label, np.rint(100 * noise(rng, 300)).astype(np.int16)) for label in "aabb"]
    found = suited(dataset(tmp_path, rows, 50, Contract("int16", (0.0625,))))
    assert (found.dtype, found.lsb) == ("int16", (0.0625,))


def test_a_constant_that_tells_the_label_is_asked_about(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    def rows(values: list[int]) -> list[tuple[str, np.ndarray]]:
        ids = [np.full((50, 1), v, np.float32) for v in values]
        return [("ab"[i % 2], np.hstack([noise(rng, 50), ids[i]])) for i in range(4)]

    with pytest.raises(UserError) as e:
        check_disguised(dataset(tmp_path / "a", rows([3, 4, 3, 4]), 50))
    assert "'c1'" in e.value.message and "3: a, 4: b" in e.value.message
    assert "--set ignore=c1" in e.value.hint
    check_disguised(dataset(tmp_path / "b", rows([3, 3, 3, 3]), 50))
    check_disguised(dataset(tmp_path / "c", rows([3, 4, 4, 3]), 50))


def test_a_refused_beginning_can_be_begun_again(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    for i in range(6):
        text = "".join(f"{j * j * (i + 1) % 17},{i % 2}\n" for j in range(60))
        (source / f"{'ab'[i % 2]}.{i}.csv").write_text("x,kind\n" + text)
    with pytest.raises(UserError, match="'kind' never changes"):
        begin(tmp_path / "new", [source], ["rate_hz=50"], Silent())
    assert not (tmp_path / "new").exists()
    begun = begin(tmp_path / "new", [source], ["rate_hz=50", "ignore=kind"], Silent())
    assert begun is not None
    assert [(c.name, c.role) for c in begun.columns] == [("x", "channel"), ("kind", "left out")]
    project = read_project(tmp_path / "new")
    assert [c.name for c in project.pipeline.channels] == ["x"]
    assert project.pipeline.sensor.lsb == (1.0,)


def test_snippets_of_one_length_are_windows(tmp_path: Path, rng: np.random.Generator) -> None:
    rows = [(label, noise(rng, 200)) for label in "ab" * 15]
    found = suited(dataset(tmp_path / "a", rows, 200))
    assert (found.window.samples, found.window.stride) == (200, 200)
    assert "Each recording is one window" in found.window_why
    assert suited(dataset(tmp_path / "b", rows[:20], 200)).window.samples == 128
    rows = [(label, noise(rng, 5000)) for label in "ab" * 15]
    assert suited(dataset(tmp_path / "c", rows, 200)).window.samples == 512


def test_what_only_grows_is_named(tmp_path: Path, rng: np.random.Generator) -> None:
    rows = []
    for i in range(4):
        counter = np.cumsum(rng.integers(0, 3, (100, 1)), axis=0).astype(np.float32)
        rows.append(("ab"[i % 2], np.hstack([noise(rng, 100), counter])))
    assert growing(dataset(tmp_path / "a", rows, 50)) == ("c1",)
    rows[0][1][50, 1] = 0
    assert growing(dataset(tmp_path / "b", rows, 50)) == ()
