"""Types of hardware: boards, cores, memories. Facts only."""

from tinsmith.devices.board import BOARDS, Board, Calibration, Core, Memory

__all__ = ["BOARDS", "Board", "Calibration", "Core", "Memory"]
