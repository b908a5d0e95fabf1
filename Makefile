# Two commands for a newcomer: `make demo` and `make test`. Both install what they need
# into .venv with nothing but Python 3.11 or newer; packages are pinned by hash.
#
#   make demo [LOG=kafka] [SERVE=1] [MLLEDGER_HOME=DIR]
#   make test [PYTEST_ARGS=...]
#   make forgeries               every forgery of the table, by whom, found by what and where
#   make check                   lint, format, types, import contracts, schema imprint
#   make fuzz [SECONDS=600] [PARSER=NAME]  every parser of outside bytes, or one, with atheris
#   make bench [BENCH_JSON=FILE] long runs: rates and latencies beside raw limits
#   make lock                    write requirements*.txt anew from pyproject.toml

SHELL := /bin/sh
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
  command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
  2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
LOG ?= sqlite
BENCH_JSON ?=
SECONDS ?= 600
PARSER ?=
PYTEST_ARGS ?=

.PHONY: help demo test forgeries check fuzz bench lock clean
help:
	@sed -n 's/^#   //p' Makefile

.venv/pip.stamp:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed" >&2; exit 3; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/demo.stamp: .venv/pip.stamp requirements.txt pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/test.stamp: .venv/pip.stamp requirements-dev.txt pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@ .venv/demo.stamp

demo: .venv/demo.stamp
	@$(if $(MLLEDGER_HOME),MLLEDGER_HOME="$(MLLEDGER_HOME)") $(BIN)/mlledger demo \
	  --log $(LOG) $(if $(SERVE),--serve)

test: .venv/test.stamp
	$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadgroup $(PYTEST_ARGS)

forgeries: .venv/test.stamp
	@$(BIN)/python -m tests.support.forgeries

check: .venv/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports
	$(BIN)/mlledger schemas --check

# Atheris has wheels for Linux and CPython 3.11 to 3.13; it is no part of the tests.
.venv/fuzz.stamp: .venv/test.stamp requirements-fuzz.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-fuzz.txt
	@touch $@

fuzz: .venv/fuzz.stamp
	@for name in $(or $(PARSER),$$($(BIN)/python -m tests.fuzz --names)); do \
	  $(BIN)/python -m tests.fuzz $$name --seconds $(SECONDS) || exit; done

bench: .venv/test.stamp
	$(BIN)/python -m benchmarks $(if $(BENCH_JSON),--json "$(BENCH_JSON)")

# A week's cooldown keeps fresh supply-chain attacks out; needs `uv` on the PATH.
COOLDOWN ?= $(shell date -u -d '7 days ago' +%F)
LOCK = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
  --exclude-newer $(COOLDOWN) pyproject.toml
lock:
	$(LOCK) --group build -o requirements-core.txt
	$(LOCK) --extra all --group build -o requirements.txt
	$(LOCK) --extra all --group dev -o requirements-dev.txt
	$(LOCK:pyproject.toml=) --group fuzz -o requirements-fuzz.txt

clean:
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis .fuzz .mlledger .mlledger-kafka
