"""Inputs and digests that published figures of models are stated with."""

import numpy as np

FNV_OFFSET, FNV_PRIME = 0x811C9DC5, 0x01000193


def lcg_bytes(count: int, seed: int = 12345) -> np.ndarray:
    """``count`` bytes: x = x * 1664525 + 1013904223 modulo 2^32, then the upper eight bits."""
    x, found = seed, []
    for _ in range(count):
        x = (x * 1664525 + 1013904223) % 2**32
        found.append(x >> 24)
    return np.array(found, np.uint8)


def fnv1a(data: bytes) -> str:
    """FNV-1a, 32 bits, in hexadecimal."""
    digest = FNV_OFFSET
    for byte in data:
        digest = (digest ^ byte) * FNV_PRIME % 2**32
    return f"{digest:08x}"
