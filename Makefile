# The commands of the project: `make demo`, `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo demo-train setup style lint test test-all test-federated mutants bench docs clean

setup: $(VENV)/.stamp
	@for tool in g++ make perl; do command -v $$tool >/dev/null || { \
	  echo "error: $$tool is needed to build the simulated board, not found: apt-get install g++ make perl"; exit 2; }; done

$(VENV)/.stamp: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "error: Python 3.11 or newer is needed: make PYTHON=python3.11, or apt-get install python3.11 python3.11-venv"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --no-compile -c constraints.txt -e '.[all,dev]'
	touch $@

demo: setup
	$(BIN)/spikeplane demo

# A chip that learns: digits, from random weights, every weight compared with the golden model's in every iteration. Minutes.
LEARNED := build/demo-train
demo-train: setup
	$(BIN)/python examples/digits/data.py $(LEARNED)
	$(BIN)/spikeplane train examples/digits/model.py:net --data $(LEARNED) --batch 8 --rate 0.5 --epochs 3 \
	  --board sim --verify 1 --report $(LEARNED)/report.html -o $(LEARNED)/digits.spt

style: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lint: style
	$(BIN)/pyright

# Types are checked beside the tests, on what core is free; what pyright has to say stands at the end.
test: style
	@mkdir -p build; $(BIN)/pyright >build/pyright.log 2>&1 & types=$$!; trap "kill $$types" INT TERM; \
	$(BIN)/pytest -q -m "not slow" -n 2 --dist worksteal; tests=$$?; \
	wait $$types; types=$$?; cat build/pyright.log; exit $$((tests | types))

test-all: lint
	$(BIN)/pytest -q -n 2 --dist worksteal
	$(BIN)/python -m spikeplane_sim.bench.coverage

# Federations of real processes by Flower, which pins other versions than the rest: in an environment of its own. Minutes.
test-federated: build/federated/.stamp
	build/federated/bin/pytest -q tests/system/test_federate_flower.py

build/federated/.stamp: pyproject.toml constraints-federated.txt
	$(PYTHON) -m venv build/federated
	build/federated/bin/pip install -q --no-compile -c constraints-federated.txt -e '.[models,federated]' pytest
	touch $@

# Deliberate faults, and whether the fast suite notices them: hours. `make mutants MUTANTS='--only network/*'`, `--list`, `--jobs 4`.
mutants: setup
	PYTHONPATH=tests $(BIN)/python -m mutants $(MUTANTS)

bench: setup
	$(BIN)/python -m spikeplane_sim.figures

# The pages of docs/ as a site, in build/docs; a link that leads nowhere is an error.
docs: setup
	$(BIN)/pip install -q -c constraints.txt -e '.[docs]'
	$(BIN)/mkdocs build --strict

clean:
	rm -rf build dist .pytest_cache .ruff_cache .hypothesis
