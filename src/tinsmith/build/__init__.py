"""Toolchains and packages: C sources become images and archives."""
