# labtop: `make demo` and `make test` do everything, from nothing but Python 3.11+, git and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.locked

.PHONY: demo env test check keys bench bench-ui crash clean

demo: env          ## the demo project in the app
	$(BIN)/labtop demo

env: $(STAMP)      ## the environment alone, in .venv; does nothing when it is up to date

$(STAMP): requirements.lock pyproject.toml
	PYTHON="$(PYTHON)" bash .ci/env.sh $(VENV)
	touch $@

# Three at once, also on two cores: tests wait a third of their time.
test: env check    ## every test that must hold before a change lands
	$(BIN)/pytest -n 3 -q

check: env         ## style, types and boundaries
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports --no-logo

keys: env          ## docs/keys.md and the README's table, from the registry of keys
	$(BIN)/python -m tui.handbook

crash: env         ## the long crash test: 200 random kills
	LABTOP_KILLS=200 $(BIN)/pytest -q tests/test_crash.py

bench: env         ## what labtop itself costs, as a table
	$(BIN)/python -m benchmarks

bench-ui: env      ## the app in a terminal: first paint, opening, keys, bytes on the line, memory
	$(BIN)/python -m benchmarks.ui

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
