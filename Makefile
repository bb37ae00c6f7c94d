# Each target makes its own virtual environment, once; nothing but Python 3.11+ and make is needed before.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

.PHONY: demo test prove evidence pumps ward check bench schema requirements clean

.venv/ready: requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Onlooker needs Python 3.11 or newer, this is " + sys.version) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

demo: .venv/ready  ## two simulated chairs, a broker, the gateway and a live table
	$(BIN)/onlooker demo $(ARGS)

check: .venv/ready  ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# What starts real processes and keeps time runs alone, behind the rest.
test: check  ## everything that CI runs
ifdef ARGS
	$(BIN)/pytest $(ARGS)
else
	$(BIN)/pytest -n auto -m "not slow"
	$(BIN)/pytest -m slow
endif

prove: .venv/ready  ## the ten proofs that nothing but reading is possible; part of `make test`
	$(BIN)/pytest tests/prove $(ARGS)

evidence: .venv/ready  ## write docs/read-only-evidence.md anew
	$(BIN)/python -m tests.prove.evidence

pumps: .venv/ready  ## write docs/pumps.md anew
	$(BIN)/python -m tests.pumps.page

ward: .venv/ready  ## one of each family at a real gateway for ten minutes, or ARGS="SECONDS [--faults]"
	$(BIN)/python -m tests.end_to_end.whole_ward $(or $(ARGS),600)

bench: .venv/ready  ## measure; results go to docs/performance.md by hand, with machine and date
	$(BIN)/python -m bench $(ARGS)

schema: .venv/ready  ## write docs/schema/ anew
	$(BIN)/onlooker schema --write docs/schema

requirements: .venv/ready  ## pin anew; needs uv
	uv pip compile --universal --python-version 3.11 --extra dev --generate-hashes --no-emit-index-url --no-annotate \
		--no-header --output-file requirements.txt pyproject.toml requirements.in

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
