"""Formats of recordings: one file per format."""
