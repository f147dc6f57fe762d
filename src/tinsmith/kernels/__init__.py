"""Arithmetic in C (package data)."""
