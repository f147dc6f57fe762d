"""Kernel sets, one file or folder each: which uses of operations their kernels take."""
