# cibot: the commands of a developer's day. `make help` lists them.
VENV ?= .venv
PYTHON ?= python3
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
RUNS := $(VENV)/.runs
HEART := incidents judging outbox health
HEART_TESTS := $(HEART:%=tests/unit/%) tests/unit/chat/test_messages.py
PYTEST = $(PY) -m pytest -n $(or $(N),auto) --dist loadgroup --max-worker-restart 0
INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check
# One lock for all Pythons and systems that the project supports.
COMPILE = var/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --custom-compile-command 'make lock' $(ARGS) pyproject.toml --group build

.PHONY: help setup lock run test pictures coverage check lint bench attack chaos day fuzz docs transcripts clean

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## */  make \1\t/' | expand -t 18

$(RUNS): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "cibot needs Python 3.11 or newer; $$($(PYTHON) --version) was found. Try: make PYTHON=python3.12 run"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --require-hashes -r requirements.lock
	$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $(RUNS)

$(STAMP): $(RUNS) requirements-dev.lock
	$(INSTALL) --require-hashes -r requirements-dev.lock
	@touch $(STAMP)

setup: $(STAMP)  ## make the venv with the command .venv/bin/cibot in it

lock:  ## pin what pyproject.toml asks for, with hashes; ARGS=--upgrade takes the newest versions
	$(PYTHON) -m venv var/lock
	var/lock/bin/pip install --quiet --disable-pip-version-check 'uv>=0.9'
	$(COMPILE) --extra charts -o requirements.lock
	$(COMPILE) --extra charts --extra dev -c requirements.lock -o requirements-dev.lock

run: $(RUNS)  ## start the bot: config/cibot.toml when it is there, else a demo
	@if [ -f config/cibot.toml ]; then exec $(VENV)/bin/cibot run --config config/cibot.toml; \
	else exec $(VENV)/bin/cibot demo; fi

# Where the environment forbids Python to keep what it compiled, each of the tests' processes would
# compile everything anew, and each worker of pytest rewrite all asserts.
test coverage: export PYTHONDONTWRITEBYTECODE =

test: $(STAMP)  ## every test that needs no root, N at a time; absent servers are named and skipped
	$(PYTEST) $(if $(BUT_HEART),$(HEART_TESTS:%=--ignore=%)) $(ARGS)

pictures: $(STAMP)  ## a picture of every page, in var/screenshots
	CIBOT_SCREENSHOTS=1 $(PY) -m pytest -q tests/browser/test_pages.py -k axe $(ARGS)

coverage: $(STAMP)  ## fails where the heart's unit tests cover less than 95 % of it
	$(PYTEST) -q --cov --cov-report= $(HEART_TESTS) $(ARGS)
	for part in $(HEART); do $(PY) -m coverage report --include "cibot/$$part/*" || exit 1; done

lint: $(STAMP)  ## ruff and mypy --strict
	$(PY) -m ruff check .
	$(PY) -m mypy

check: lint test  ## what must be green at every commit

bench: $(STAMP)  ## measure ingest, webhooks, latency, outbox, start; prints a table of ratios
	$(PY) -m bench $(ARGS)

chaos: $(STAMP)  ## kill the bot N times (100) while it speaks; prints what was lost or said twice
	$(PY) -m tests.chaos --kills $(or $(N),100) $(ARGS)

day: $(STAMP)  ## a day of simulated time with all outages in sequence; prints its ledger
	$(PY) -m pytest -s tests/chaos/test_day.py $(ARGS)

attack: $(STAMP)  ## attack a bot on this machine: strangers at its port, a hostile Gerrit; minutes
	$(PY) -m tests.attack $(ARGS)

fuzz: $(STAMP)  ## hostile input for seconds, or N IRC lines, N Slack requests and N/10 Gerrit events
	$(PY) -m tests.fuzz $(if $(N),--number $(N)) $(ARGS)

docs: $(STAMP)  ## write the table of commands into docs/commands.md
	$(PY) -m tests.transcripts --table

transcripts: $(STAMP)  ## record every command on real servers into docs/session-irc.md, -slack.md
	$(PY) -m tests.transcripts

clean:  ## remove the venv and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache build *.egg-info
