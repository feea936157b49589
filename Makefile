# Everything that the project does, by name. `make demo` and `make test` need Python >= 3.11, make
# and a package index; nothing else, and no root.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
JOBS ?= 2
KILLS ?= 50
ROWS ?= 1000000
SEED ?= 20260401

.PHONY: install demo test lint types walls tests mutants crash publish-kills bench lock clean

$(VENV)/.installed: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python >= 3.11 is needed: make PYTHON=python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	$(PIP) install --require-hashes -r requirements-dev.lock
	touch $@

install: $(VENV)/.installed

demo: install
	$(BIN)/hub demo $(DEMO)

test: lint types walls tests

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

walls: $(VENV)/.installed-dev
	$(BIN)/lint-imports --no-cache

tests: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile --no-loadscope-reorder

# Takes each guard out once; a test must fail for it. SAMPLE=120: as many, drawn anew each day.
mutants: $(VENV)/.installed-dev
	$(BIN)/python tests/mutants/run.py $(if $(SAMPLE),--sample $(SAMPLE))

# Kills a hub again and again: make crash KILLS=500 SEED=7. The same with 20 kills is in the tests.
crash: $(VENV)/.installed-dev
	$(BIN)/python tests/crash/run.py --kills $(KILLS) --seed $(SEED)

# Kills publications again and again: make publish-kills ROWS=1000000 KILLS=20.
publish-kills: KILLS := $(if $(filter command line,$(origin KILLS)),$(KILLS),20)
publish-kills: $(VENV)/.installed-dev
	$(BIN)/python tests/crash/publish_kills.py --rows $(ROWS) --kills $(KILLS) --seed $(SEED)

bench: install
	$(BIN)/hub bench

# The lock files hold hashes and no address: uv is needed here only.
lock:
	uv pip compile --quiet --universal --generate-hashes --custom-compile-command "make lock" --group build pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --generate-hashes --custom-compile-command "make lock" --group build --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis demo
