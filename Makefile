# Everything begins here. Both commands prepare what they need in .venv, and say so first.
# Another Python than python3: make demo PYTHON=python3.13

PYTHON ?= python3
VENV := .venv

.PHONY: help demo test clean

help:
	@echo "make demo    a whole call on this machine, with nothing installed beside it; prints what it measured"
	@echo "make test    every check and every test, a real Asterisk among them; ends with what passed and what did not"
	@echo "make clean   removes what the two made in this folder"

demo: $(VENV)/.has-exoswitch
	$(VENV)/bin/exoswitch demo

test: $(VENV)/.has-tox
	$(VENV)/bin/python tools/run_tests.py

$(VENV)/.has-exoswitch: $(VENV)/bin/pip setup.cfg pyproject.toml
	@echo "Installing exoswitch and the libraries that it needs into $(VENV)"
	$(VENV)/bin/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.has-tox: $(VENV)/bin/pip
	@echo "Installing tox into $(VENV)"
	$(VENV)/bin/python -m pip install --quiet "tox>=4.21"
	@touch $@

$(VENV)/bin/pip:
	@tools/make-venv "$(PYTHON)" "$(VENV)"

clean:
	rm -rf $(VENV) .tox build exoswitch.egg-info demo-output
