"""The version of tinsmith: its own file, so that every layer may name it without importing the
facade that stands above all of them."""

__version__ = "0.1.0"
