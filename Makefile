# make demo        set up .venv, then run the example: recordings in, proven modules out
# make test        set up .venv, then all tests (a tool that is missing skips its tests by name)
# make check       every gate; tests that need a tool, all required; campaigns at 1 %
# make prove-all   every campaign at full size; figures go to benchmarks/results (resumable)
# make docs        write docs/reference from the code
# make golden      write tests/golden from the code; its diff is part of the review
#
# Needs python3 (3.11 or newer), make and a package index. No root, no Docker, no GPU.
# REQUIRE=1        make test: a missing tool fails; make check: tests of tools are left to make test
# JOBS=2           how many tests or campaigns run at once (make test, make prove-all)
# TEST_ARGS=...    more arguments for pytest, e.g. TEST_ARGS="tests/unit/core -x"

PYTHON ?= python3
JOBS ?= 2
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED ?= $(VENV)/.installed
EXTRAS := train,emulate,report,onnx,keras,data,dev
REQUIRED := $(if $(REQUIRE),--require-tools)
CHECKED := $(if $(REQUIRE),slow,slow or tool)
PYTEST := $(BIN)/python -m pytest

.DELETE_ON_ERROR:
.PHONY: demo test smoke check check-counts check-tests gates prove-all docs golden setup format \
        gate-format gate-lint gate-types gate-layers gate-sizes gate-words gate-docs

demo: $(INSTALLED)
	$(BIN)/tinsmith run --project examples/wrist-motion

test: $(INSTALLED)
	$(PYTEST) --numprocesses $(JOBS) --dist loadfile $(REQUIRED) $(TEST_ARGS)

smoke: $(INSTALLED)
	$(BIN)/tinsmith --version
	$(BIN)/tinsmith kinds
	$(PYTEST) -x tests/unit/core tests/contract/test_catalogues.py

check: gates check-counts check-tests

# counts of public models are exact: any other one is a change of ours
check-counts: $(INSTALLED)
	$(if $(wildcard $(or $(TINSMITH_SHARED),../shared)/models),$(BIN)/python benchmarks/compiler.py --check)

check-tests: $(INSTALLED)
	$(PYTEST) --require-tools --campaign 0.01 -m '$(CHECKED)' $(TEST_ARGS)

gates: gate-format gate-lint gate-types gate-layers gate-sizes gate-words gate-docs

gate-format: $(INSTALLED)
	$(BIN)/ruff format --check .

gate-lint: $(INSTALLED)
	$(BIN)/ruff check .

gate-types: $(INSTALLED)
	$(BIN)/python -m mypy

gate-layers: $(INSTALLED)
	$(BIN)/lint-imports --no-cache
	$(BIN)/python scripts/circles.py .

gate-sizes: $(INSTALLED)
	$(BIN)/python scripts/sizes.py .

gate-words: $(INSTALLED)
	$(BIN)/python scripts/words.py .

gate-docs: $(INSTALLED)
	$(BIN)/python scripts/documented.py .
	$(BIN)/python scripts/reference.py --check .

prove-all: $(INSTALLED)
	$(PYTEST) --numprocesses $(JOBS) --dist load --require-tools --campaign 1 --resume -m slow $(TEST_ARGS)
	$(BIN)/python benchmarks/measure_models.py --jobs $(JOBS)
	$(BIN)/python benchmarks/networks.py
	$(BIN)/python benchmarks/tuning.py
	$(BIN)/python benchmarks/certificates.py

docs: $(INSTALLED)
	$(BIN)/python scripts/reference.py .

golden: $(INSTALLED)
	$(BIN)/python tests/golden/tiny.py

format: $(INSTALLED)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

setup: $(INSTALLED)

# torch first and by its pin, so that the extra below finds it and does not choose another one
$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "tinsmith needs Python 3.11 or newer; try make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[$(EXTRAS)]'
	touch $@
