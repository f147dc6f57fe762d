"""Limits that a user sets for a board or a result; None means the board's own limit or none."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What a result must keep to before it is accepted, beside being better than guessing.

    flash_bytes and ram_bytes default to what the board has. min_accuracy is a share (0..1) of the
    hold-out set; max_accuracy_drop the allowed loss (0..1) from float to device, max_class_drop
    that of the recall of any class; max_latency_ms only applies where the board's cycle model is
    calibrated.
    """

    flash_bytes: int | None = None
    ram_bytes: int | None = None
    min_accuracy: float = 0.0
    max_accuracy_drop: float = 0.05
    max_class_drop: float = 0.1
    max_latency_ms: float | None = None
