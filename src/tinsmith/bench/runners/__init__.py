"""One file per runner."""
