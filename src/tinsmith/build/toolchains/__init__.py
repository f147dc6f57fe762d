"""One file per toolchain."""
