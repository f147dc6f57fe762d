"""Cycle models: static cost of executed blocks from a core's tables, calibrated per board."""
