"""Exported programs of PyTorch as files (``.pt2``), read without PyTorch."""
