"""Kernels for weights of few values, kept as codes of 4, 2 or 1 bit."""
