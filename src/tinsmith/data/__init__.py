"""Recordings in, immutable content-addressed datasets out; windows and splits."""
