"""Public recordings come in by the command that is said of them, with what it takes and no more."""

from pathlib import Path

import pytest

from tinsmith.core.errors import UserError
from tinsmith.core.progress import Silent
from tinsmith.flow.start import Begun, begin


def begun(folder: Path, sources: list[Path], *settings: str) -> Begun:
    found = begin(folder / "new", sources, settings, Silent())
    assert found is not None
    return found


def channels(found: Begun) -> list[str]:
    return [c.name for c in found.dataset.manifest.channels]


def test_a_watch_with_uneven_times(shared: Path, tmp_path: Path) -> None:
    sources = [shared / "data" / "har_geotec" / "s02", shared / "data" / "har_geotec" / "s03"]
    with pytest.raises(UserError, match="mixed sampling rates") as e:
        begun(tmp_path, sources)
    assert "--set resample_hz=" in e.value.hint
    pattern = "pattern={subject}_{take}_{device}.csv"
    found = begun(tmp_path, sources, "resample_hz=100", "gaps=cut", pattern)
    assert channels(found) == ["x_acc", "y_acc", "z_acc", "x_gyro", "y_gyro", "z_gyro"]
    assert len(found.dataset.labels) == 5
    assert {r.group for r in found.dataset.manifest.recordings} == {"s02", "s03"}
    assert found.suited.window.samples >= 32


def test_rooms_line_by_line(shared: Path, tmp_path: Path) -> None:
    sources = [shared / "data" / "occupancy"]
    found = begun(tmp_path, sources, "label_column=Occupancy", "rows=alone")
    assert channels(found) == ["Temperature", "Humidity", "Light", "CO2", "HumidityRatio"]
    assert sum(r.samples for r in found.dataset.manifest.recordings) == 8143 + 2665
    assert found.suited.window.samples == 1
    assert [c.role for c in found.columns] == ["left out", "time", *["channel"] * 5, "label"]


def test_gases_whose_unit_of_time_is_asked_for(shared: Path, tmp_path: Path) -> None:
    sources = [shared / "data" / "gas_toast"]
    with pytest.raises(UserError, match="2 Hz if in ms"):
        begun(tmp_path, sources)
    found = begun(tmp_path, sources, "time_unit=ms")
    assert found.dataset.labels == ("freezer", "refrigerator", "room")
    assert found.dataset.manifest.rate_hz == pytest.approx(2, rel=0.01)
    assert len(channels(found)) == 11


def test_traffic_with_gaps(shared: Path, tmp_path: Path) -> None:
    sources = [shared / "data" / "nab" / name for name in ("realTraffic", "artificialNoAnomaly")]
    found = begun(tmp_path, sources, "resample_hz=0.0033333333", "gaps=cut")
    assert channels(found) == ["value"]
    assert found.dataset.labels == ("artificialNoAnomaly", "realTraffic")


def test_right_aligned_integers_without_names(shared: Path, tmp_path: Path) -> None:
    found = begun(tmp_path, [shared / "data" / "har_st_26hz"], "rate_hz=26")
    assert found.dataset.labels == ("running", "stationary", "walking")
    assert channels(found) == ["col_1", "col_2", "col_3"]
    assert (found.suited.dtype, found.suited.lsb) == ("int16", (1.0, 1.0, 1.0))
    assert found.suited.window.samples == 64


def test_snippets_of_vibration(shared: Path, tmp_path: Path) -> None:
    sources = [shared / "data" / "fan_vibration" / f"fan_0_low_{i}_weight" for i in (0, 1)]
    found = begun(tmp_path, sources, "rate_hz=200", "columns=x,y,z")
    assert channels(found) == ["x", "y", "z"]
    assert found.suited.window.samples == 200
    assert len(found.dataset.manifest.recordings) == 210


def test_series_with_a_split_of_their_own(shared: Path, tmp_path: Path) -> None:
    sources = [shared / "data" / "uea_ucr" / f"GunPoint_{p}.ts" for p in ("TRAIN", "TEST")]
    found = begun(tmp_path, sources, "rate_hz=30")
    assert found.suited.window.samples == 150
    assert len(found.dataset.manifest.recordings) == 200
