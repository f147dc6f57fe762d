"""Kernels for cores with the M-profile Vector Extension (Helium), one file per family of layers."""
