"""Runs the host's shared object once more: a runner that leans on another."""

from dataclasses import replace

from tinsmith.bench.runner import RUNNERS

HOST = RUNNERS.get("host")
RUNNER = replace(HOST, name="again", rank=9)
