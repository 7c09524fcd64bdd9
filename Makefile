# careen: `make demo` shows it, `make test` proves it. Both set up all they need in .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
COMPILED := $(VENV)/.compiled

.PHONY: demo serve test check unit fuzz bench accuracy lock clean help

help:
	@echo "make demo   push an example image to careen, scan it and show the result"
	@echo "make serve  start careen here, with its data in ./careen-data"
	@echo "make test   everything: format, lint, types, import rules, all tests"
	@echo "make check  only format, lint, types and import rules"
	@echo "make fuzz   hours of hostile bytes for every parser; stop it whenever you like"
	@echo "make accuracy  scores against every truth set at hand: precision, recall, F1"
	@echo "make bench  benchmarks, printed as ratios"
	@echo "make lock   write requirements.lock anew from pyproject.toml"

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "careen needs Python 3.11 or newer; try: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

$(COMPILED): $(READY) compiled.py $(wildcard $(addprefix src/careen/,images/*.py indexing/*.py jobs/*.py model/*.py))
	$(BIN)/python compiled.py
	$(BIN)/python -m compileall -q src
	touch $@

demo: $(COMPILED)
	$(BIN)/python demo/run.py

serve: $(COMPILED)
	$(BIN)/careen serve

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check $(COMPILED)
	$(BIN)/pytest --numprocesses auto --dist loadscope

fuzz: $(COMPILED)
	HYPOTHESIS_PROFILE=long $(BIN)/pytest --timeout=0 tests/fuzz tests/feeds/test_feeds_fuzz.py

bench: $(COMPILED)
	$(BIN)/python -m bench

accuracy: $(COMPILED)
	$(BIN)/python -m accuracy

lock:
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	{ echo "# The whole set that careen is built and tested with; written by 'make lock'."; \
	  $(BIN)/pip freeze --exclude-editable --exclude pip; } > requirements.lock

clean:
	find src \( -name '*.so' -o -name '*.part' \) -delete
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
