"""Runners: an image becomes outputs and measurements."""
