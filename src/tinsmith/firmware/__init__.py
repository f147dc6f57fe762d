"""Ports, start-up and emulator hooks in C and assembly (package data)."""
