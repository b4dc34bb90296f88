# Everything runs in .venv, which is made on the first call. PYTHON chooses the interpreter (3.11 to 3.13).
PYTHON ?= python3
BIN := .venv/bin
DATA ?= ../shared/data/speech_commands_v0.01_subset

.PHONY: help demo test check bench bench-accuracy clean

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

demo: .venv/installed  ## see it work: make recordings, clean, train, export, recognize (3 minutes after set-up)
	$(BIN)/wordspot demo wordspot-demo

test: .venv/installed  ## run the tests (7 minutes)
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: .venv/installed  ## format, lint and types
	@mkdir -p .typing && ln -sfn .. .typing/wordspot  # lets the type checker see the four rooms as one package
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright --level error

bench: .venv/installed  ## measure speed, size and memory on real recordings (DATA=folder)
	$(BIN)/python -m wordspot.tools.bench.speed $(DATA)

bench-accuracy: .venv/installed  ## measure what cleaning is worth (half an hour; DATA=folder)
	$(BIN)/python -m wordspot.tools.bench.raw_or_clean $(DATA) bench

clean:  ## remove what was made here, but never recordings
	rm -rf .venv .typing build dist *.egg-info .pytest_cache .ruff_cache .hypothesis

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[all]'
	@touch $@
