"""Portable kernels for cores without packed arithmetic; they run on every other core as well."""
