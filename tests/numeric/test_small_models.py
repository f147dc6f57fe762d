"""Small public models cost no more than when tinsmith had one kernel for each operation: the whole
table is that of `benchmarks/monotone.py`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from firmwares import CACHE

from tinsmith.codegen.choices import NOTHING_CHOSEN
from tinsmith.core.job import Job
from tinsmith.flow.model import MeasureOptions, measure_graph
from tinsmith.importers import read_model

BEFORE = json.loads(
    (Path(__file__).parents[2] / "benchmarks" / "before_kernels.json").read_bytes()
)["models"]
CORES = {
    "M4F": "nucleo_l4r5zi", "M7": "nucleo_f746zg", "M33": "nucleo_u575zi", "M3": "nucleo_f103rb",
    "M0+": "rpi_pico", "RV32IMC": "esp32_c3", "M55": "alif_e7",
}  # fmt: skip
MODELS = (
    "hello_world_int8", "hello_world_float", "ei_temperature-regression.i8",
    "ei_temperature-regression.f32", "ei_fan-v3.f32", "fan_low_autoencoder", "ei_gestures-i8",
    "tflm_int16_ops/sub1", "tflm_int16_ops/conv20",
)  # fmt: skip


@pytest.mark.emulator
@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("name", MODELS)
def test_no_aim_costs_more_than_before(
    name: str, core: str, shared: Path, require_tool: Callable[..., str]
) -> None:
    if core == "M55":
        require_tool("qemu-system-arm")
    graph = read_model(shared / "models" / f"{name}.tflite")
    instructions, flash, ram = BEFORE[f"{name}.tflite"][core]
    for aim in ("speed", "size"):
        options = MeasureOptions(CORES[core], optimize=aim, cache=CACHE)
        found = measure_graph(graph, (name, None), options, Job(), NOTHING_CHOSEN).record()
        assert int(found["ram_bytes"]) <= ram, aim
        assert int(found["instructions"]["max"]) <= instructions, aim
        assert int(found["flash_bytes"]) <= flash or aim == "speed", aim
