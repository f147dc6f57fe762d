"""Tuning: which kernel computes a layer, and how hard it is optimised, by measurement."""
