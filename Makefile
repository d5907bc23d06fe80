# Two commands: `make run` starts Easel, `make test` proves it. The rest is for those who change it.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
HOST   ?= 127.0.0.1
PORT   ?= 8501

.PHONY: run test lint types format bench clean

run: $(VENV)/run.stamp ## Start Easel and print its address
	@$(BIN)/streamlit run app.py --server.address $(HOST) --server.port $(PORT)

test: $(VENV)/dev.stamp ## Everything: style, types, tests, browser tests where there is a Chromium
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@tests/chromium.sh
	@$(BIN)/python -m pytest

lint format types bench: $(VENV)/dev.stamp
lint:
	@$(BIN)/ruff check .
types:
	@$(BIN)/mypy
format:
	@$(BIN)/ruff check --fix-only . && $(BIN)/ruff format .
bench: ## Ratios, several minutes
	@for script in benchmarks/bench_*.py; do $(BIN)/python $$script || exit 1; done

$(VENV)/run.stamp: requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what Easel needs. This takes a minute, once."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

clean:
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
