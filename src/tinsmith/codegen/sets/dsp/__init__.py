"""Kernels for cores with the DSP extension, one file per family of layers."""
