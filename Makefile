# Each target sets up its own virtual environment and installs again only when pyproject.toml changed.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
JOBS   ?= 2

.PHONY: lab test test-all check bench screenshots catalogue clean
.DEFAULT_GOAL := lab

$(VENV)/.lab: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "kconsole needs Python 3.10 or newer; set PYTHON=...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[lab]'
	touch $@

$(VENV)/.dev: $(VENV)/.lab
	$(BIN)/python -m pip install --quiet --editable '.[lab,dev]'
	touch $@

lab: $(VENV)/.lab
	$(BIN)/kconsole lab $(ARGS)

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -m 'not exhaustive' $(ARGS)

test-all: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(ARGS)

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev
	$(BIN)/python -m bench $(ARGS)

screenshots: $(VENV)/.dev
	TEXTUAL_COLOR_SYSTEM=truecolor $(BIN)/python screenshots/make.py

CATALOGUE := kconsole/locale/en/LC_MESSAGES/kconsole.po

catalogue: $(VENV)/.dev
	mkdir -p $(dir $(CATALOGUE))
	$(BIN)/pybabel --quiet extract --no-location --sort-output --omit-header -k _ -k ngettext:1,2 -k mark -o $(CATALOGUE) kconsole

clean:
	rm -rf $(VENV) dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
