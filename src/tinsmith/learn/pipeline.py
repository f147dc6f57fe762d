"""Pipeline: window, DSP blocks, model family and hyper-parameters: what a user designs. Plain
TOML both ways."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tinsmith.data.dataset import Channel
from tinsmith.data.windows import Windowing
from tinsmith.ir.graph import Attr


@dataclass(frozen=True)
class Sensor:
    """What the driver hands over: integers of ``dtype``; value in the channel's unit = integer *
    lsb[channel]."""

    dtype: Literal["int16", "int32"]
    lsb: tuple[float, ...]


@dataclass(frozen=True)
class BlockUse:
    """A DSP block with its parameters."""

    block: str
    params: Mapping[str, Attr] = field(default_factory=dict)


@dataclass(frozen=True)
class Pipeline:
    """From raw integers to a decision. All blocks see the same window; their features are
    concatenated in order."""

    name: str
    channels: tuple[Channel, ...]
    rate_hz: float
    sensor: Sensor
    window: Windowing
    blocks: tuple[BlockUse, ...]
    family: str
    hyper: Mapping[str, Attr] = field(default_factory=dict)
