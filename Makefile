# Two commands on a fresh machine: `make train` and `make test`. Everything lives in .venv.
PYTHON ?= python3
BIN := .venv/bin
# One thread a process, and no accelerator: the tests ask for the same numbers on every machine.
PYTEST := CUDA_VISIBLE_DEVICES= OMP_NUM_THREADS=1 $(BIN)/pytest
export HF_HUB_DISABLE_TELEMETRY ?= 1

.PHONY: help setup train serve javascript test test-whole test-slow test-browser format publish-demo clean

help:  ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: .venv/.ready  ## install everything into .venv (instant the second time)

.venv/.ready: requirements.txt requirements-dev.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; found " + sys.version.split()[0] + ". Try: make PYTHON=python3.11 setup")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --requirement requirements.txt
	$(BIN)/pip install --quiet --requirement requirements-dev.txt
	@touch .venv/.ready

train: setup  ## run the main job on the embedded default
	$(BIN)/python train.py

serve: setup  ## serve the newest run at http://127.0.0.1:8000 (MODEL=... takes another run or a Hub id)
	$(BIN)/python serve.py $(or $(MODEL),$(shell ls -td runs/*/ 2>/dev/null | head -1),$(error There is no run yet: make train))

# The pages' modules are tested in Node and in a browser, with axe-core looking, where there is npm.
javascript: tests/javascript/node_modules/.ready

%/node_modules/.ready: %/package-lock.json
	@if command -v npm >/dev/null; then cd $* && npm ci --silent && touch node_modules/.ready; \
	else echo "Tests that need the packages of $* are skipped: there is no npm (apt-get install nodejs npm)."; fi

test: setup javascript  ## format check, linter, type check, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(PYTEST) --numprocesses 2 --dist loadfile

test-whole: setup  ## whole commands in processes of their own, and pushes to a stand-in Hub
	$(PYTEST) --numprocesses 2 --dist loadfile -m "(hub or process) and not slow and not browser"

test-slow: setup  ## the tests that take minutes
	$(PYTEST) -m slow

test-browser: setup javascript tests/e2e/node_modules/.ready  ## the pages in a real browser (needs Debian's chromium)
	@command -v chromium >/dev/null || echo "The browser tests are skipped: there is no chromium (apt-get install chromium)."
	$(PYTEST) --numprocesses 2 --dist loadfile -m browser

publish-demo: setup  ## train, push, load by id and open the Space, against a stand-in Hub on this machine
	$(BIN)/python -m tests.publish_demo

format: setup  ## put the code into the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## remove runs and caches, keep .venv
	rm -rf runs tests/*/node_modules .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis
