# make demo: everything from nothing to a taxonomy, labels and a small model.  make test: the same set-up, and every test.
PYTHON ?= python3
BIN := .venv/bin
VLLM := $(shell command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi >/dev/null 2>&1 && echo gpu || echo cpu)
# Where wheels of PyTorch's CPU build are on a shelf, pip knows it as PIP_FIND_LINKS; else uv asks PyTorch's own index.
ifdef PIP_FIND_LINKS
UV := UV_FIND_LINKS="$(PIP_FIND_LINKS)" $(BIN)/uv pip install
else
UV := $(BIN)/uv pip install --torch-backend=auto
endif
CONSTRAINTS := $(if $(filter cpu,$(VLLM)),-c constraints.txt)

.PHONY: demo test setup lint wheel-check clean

demo: setup
	$(BIN)/limbeck run limbeck/configs/quickstart.yaml

test: setup
	$(BIN)/python -m pytest

setup: .venv/.ready

.venv/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade uv
	$(UV) --python $(BIN)/python --override overrides.txt $(CONSTRAINTS) -e '.[$(VLLM),dev,measure,optimize,tables,documents,analysis]'
	@touch $@

lint: setup
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The wheel, built from the sdist, must hold exactly the modules of the tree.
wheel-check: setup
	rm -rf build/wheel && $(BIN)/python -m build --quiet --outdir build/wheel .
	$(BIN)/python tests/wheel_equals_tree.py build/wheel

clean:
	rm -rf .venv build quickstart receipts
