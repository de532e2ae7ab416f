# All commands prepare their environment in .venv or .tox, and print it first.
# Another Python than python3: make demo PYTHON=python3.13

PYTHON ?= python3
VENV := .venv

.PHONY: help demo check test fuzz planes sanitize audit clean

help:
	@echo "make demo     a whole call on this machine, without any server; prints its measurements"
	@echo "make check    the quick loop: style, types, imports, unit tests; three minutes on two cores"
	@echo "make test     every check and every test, with a real Asterisk; ends with a table of results"
	@echo "make fuzz     ten minutes of made-up inputs for each fuzz target; keeps those that reach new code"
	@echo "make planes   a million made-up steps in both media planes, which must do the same; half an hour"
	@echo "make sanitize the tests of the compiled code, which stops at memory errors and undefined behaviour"
	@echo "make audit    known weaknesses of the libraries, and their list in sbom.json"
	@echo "make clean    removes the files that these commands made in this folder"

demo: $(VENV)/.has-exoswitch
	$(VENV)/bin/exoswitch demo

check: $(VENV)/.has-tox
	$(VENV)/bin/python tools/run_tests.py check

test: $(VENV)/.has-tox
	$(VENV)/bin/python tools/run_tests.py test

fuzz: $(VENV)/.has-tox
	$(VENV)/bin/python -m tox run -e fuzz -- --seconds 600 --keep

sanitize: $(VENV)/.has-tox
	$(VENV)/bin/python -m tox run -e sanitize

planes: $(VENV)/.has-tox
	$(VENV)/bin/python -m tox run -e planes

audit: $(VENV)/.has-tox
	$(VENV)/bin/python -m tox run --notest -e runtime
	$(VENV)/bin/python -m tox run -e audit

$(VENV)/.has-exoswitch: $(VENV)/bin/pip setup.cfg pyproject.toml
	@echo "Installing exoswitch and the libraries that it needs into $(VENV)"
	$(VENV)/bin/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.has-tox: $(VENV)/bin/pip
	@echo "Installing tox into $(VENV)"
	$(VENV)/bin/python -m pip install --quiet "tox>=4.67"
	@touch $@

$(VENV)/bin/pip:
	@tools/make-venv "$(PYTHON)" "$(VENV)"

clean:
	rm -rf $(VENV) .tox build exoswitch.egg-info demo-output fuzz-faults sbom.json
