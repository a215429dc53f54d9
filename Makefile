# Everything a user types. Each target makes .venv from the lock file when it is missing or old.
PYTHON ?= python3
BIN := .venv/bin
export PYTHONPATH := $(CURDIR)

.PHONY: demo up test check bench faults eval lock

# Without a pip of its own: the system's one fills it, so Debian's python3-venv is not needed.
.venv/.locked: requirements.lock
	$(PYTHON) -m venv --without-pip .venv
	$(PYTHON) -m pip --python .venv/bin/python install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	touch $@

demo: .venv/.locked
	$(BIN)/python -m worker demo

up: .venv/.locked
	$(BIN)/python -m worker migrate
	LOG_FORMAT=$${LOG_FORMAT:-console} PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/honcho start

# Many tests wait for processes, so three at a time keep two cores busy.
test: .venv/.locked
	$(BIN)/pytest -n 3

check: .venv/.locked
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Minutes, and only as true as the machine is quiet: ARGS="--quick" to try it.
bench: .venv/.locked
	$(BIN)/python -m tests.benchmarks $(ARGS)

# Minutes: kills workers, takes databases and brokers away at full size, and counts what was lost: ARGS="--quick" to try it.
faults: .venv/.locked
	$(BIN)/python -m tests.faults $(ARGS)

# Every engine over the labelled corpus: ARGS=--show-misses lists what is wrong in the part for tuning.
eval: .venv/.locked
	$(BIN)/python -m tests.evaluation $(ARGS)

# Writes the lock file anew from pyproject.toml: hashes, and no index's name.
lock: .venv/.locked
	$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
		--python-version 3.11 --all-extras --group dev pyproject.toml -o requirements.lock
