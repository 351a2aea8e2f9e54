# make demo   the whole job on an embedded default
# make test   lint, types, floors and tests: what CI runs
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: install install-dev demo test lint clean

install: .venv/.installed

install-dev: .venv/.installed-dev

.venv/.installed: pyproject.toml constraints.txt
	@echo "Installing semsearch and what it needs into .venv (1.9 GB with PyTorch, about 2 minutes)…"
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[all]'
	touch $@

.venv/.installed-dev: .venv/.installed
	@echo "Installing the linters and test tools…"
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[all,dev]'
	touch $@

demo: install
	$(BIN)/semsearch demo

# Two processes, whole files each in their order: what tests of a file share is made once.
test: lint
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf .venv demo-workspace build dist
