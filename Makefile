# `make run` sets everything up and runs the default configuration; `make test` runs the tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORES ?= all
READY := $(VENV)/ready
DEFAULT := tests/workflow/test_default.py

.PHONY: run test studies default calls others check format docs clean

run: $(READY)
	PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --cores $(CORES)

# Calls of Snakemake take all cores but not all the time, the other tests one: all sets at a time
# fill what each leaves.
test: $(READY) check
	$(MAKE) --jobs 3 --output-sync=line default calls others

default: $(READY)
	PATH="$(CURDIR)/$(BIN):$$PATH" pytest -m "not studies" $(DEFAULT)

# What each study must find in the generated family, at full size. Before a change to a study.
studies: $(READY)
	PATH="$(CURDIR)/$(BIN):$$PATH" pytest $(DEFAULT)

calls: $(READY)
	PATH="$(CURDIR)/$(BIN):$$PATH" pytest -m "workflow or cluster" --durations 20 --ignore $(DEFAULT)

others: $(READY)
	PATH="$(CURDIR)/$(BIN):$$PATH" pytest -m "not workflow and not cluster" --durations 20

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PATH="$(CURDIR)/$(BIN):$$PATH" snakefmt --check Snakefile rules
	PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --lint

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	PATH="$(CURDIR)/$(BIN):$$PATH" snakefmt Snakefile rules

docs: $(READY)
	PYTHONPATH=workflow/scripts $(BIN)/python -m isogloss.reference docs/config.md config/schema.json

$(READY): constraints.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		--editable '.[train,analysis,data,workflow,cluster,test,bench]'
	touch $@

clean:
	rm -rf $(VENV) results .snakemake
