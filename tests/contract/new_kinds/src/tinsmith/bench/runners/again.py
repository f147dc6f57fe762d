"""Runs the host's shared object once more: a runner that leans on another."""

from tinsmith.bench.runner import RUNNERS, Runner

HOST = RUNNERS.get("host")
RUNNER = Runner(name="again", method=HOST.method, port=HOST.port, find=HOST.find, run=HOST.run)
