# Everything here needs a Python 3.11 to 3.13 and make: no root, and no server installed before.
# `make` lists the targets.

PYTHON ?= python3
VENV ?= .venv
# Processes that run the tests. Half of a test's time is waiting, so two cores carry three of them.
WORKERS ?= 4

# Without compiled modules a command takes twice as long to start, and reading the tests takes each
# process of a run 11 seconds in place of 6.
unexport PYTHONDONTWRITEBYTECODE

BIN := $(VENV)/bin
MARKET := $(VENV)/.market-is-installed
TOOLS := $(VENV)/.tools-are-installed
LOCKER := $(VENV)/.locker
PACKAGES := instasell_client instasell_server instasell_cli instasell_tui
SOURCES := $(PACKAGES) benchmarks examples scripts tests

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test coverage check format lock upgrade bench quick faults attack machine docs pictures clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

demo: $(MARKET) ## run a whole market with bidders, in about a minute
	@$(BIN)/instasell demo

test: $(TOOLS) ## run every test on real engines
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal tests

# Measuring makes a run a quarter longer, so that it is not part of every run.
coverage: $(TOOLS) ## the same, and how much of each file ran
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --cov --cov-report=term tests

check: $(TOOLS) ## formatting, lint, types, import contracts, documents, deployment files
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(BIN)/hadolint --failure-threshold info Dockerfile
	@$(call check_proxy)
	@$(call check_documents)

format: $(TOOLS) ## format the code
	$(BIN)/ruff check --fix-only $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

bench: $(TOOLS) ## measure the market, each number beside its yardstick
	$(BIN)/python -m benchmarks

faults: $(TOOLS) ## ten rounds of kills, cuts and frozen engines under load
	INSTASELL_FAULT_ROUNDS=10 $(BIN)/python -m pytest -m faults --timeout 1800 tests/faults

attack: $(TOOLS) ## attack a server on this machine, beside honest bidders, for a few minutes
	INSTASELL_ATTACK_SECONDS=10 $(BIN)/python -m pytest -q -m attack --timeout 900 tests/attack

quick: $(TOOLS) ## the tests for daily work, in under a minute: rules, models, store
	$(BIN)/python -m pytest -q -n 2 tests/unit tests/store

machine: $(TOOLS) ## 1,000 runs of 50 steps of whatever moves money, in any order
	INSTASELL_MACHINE_RUNS=1000 $(BIN)/python -m pytest -n 2 tests/server/money/test_machine.py

docs: $(TOOLS) ## write the documents that are generated from the code
	$(BIN)/instasell-server docs .
	$(BIN)/python -m instasell_cli.reference .

pictures: $(TOOLS) ## take pictures and a recording of the screens from a running market
	$(BIN)/python -m scripts.pictures
	$(BIN)/python -m scripts.recording
	$(BIN)/python -m scripts.web_picture

lock: $(LOCKER)/bin/uv ## lock dependencies for what pyproject.toml asks; pins stay where they can
	@$(call lock,--extra all --extra dev,requirements-dev.lock,)
	@$(call lock,--extra all,requirements.lock,--constraint requirements-dev.lock)

upgrade: $(LOCKER)/bin/uv ## lock the newest versions that pyproject.toml allows
	@$(call lock,--extra all --extra dev,requirements-dev.lock,--upgrade)
	@$(call lock,--extra all,requirements.lock,--constraint requirements-dev.lock --upgrade)

clean: ## remove what was built, and the environment
	rm -rf $(VENV) build dist htmlcov *.egg-info .coverage .coverage.* coverage.xml
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@chosen=''; \
	for each in $(PYTHON) python3.13 python3.12 python3.11; do \
	  if "$$each" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	    2>/dev/null; then chosen="$$each"; break; fi; \
	done; \
	if [ -z "$$chosen" ]; then \
	  echo 'InstaSell needs Python 3.11, 3.12 or 3.13, and none was found.' \
	    'Install one, or name it: make PYTHON=/path/to/python3.12' >&2; \
	  exit 1; \
	fi; \
	"$$chosen" -m venv $(VENV) || { \
	  echo "$$chosen cannot make an environment." \
	    'On Debian and Ubuntu its package python3-venv is missing.' >&2; \
	  rm -rf $(VENV); \
	  exit 1; \
	}

# The project's own build backend stands in the lock too, so nothing is fetched without a hash.
define install
$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1) && \
$(BIN)/python -m pip install --quiet --disable-pip-version-check \
  --no-deps --no-build-isolation --editable .
endef

# Caddy makes certificates even while it only checks, so it is given a folder to forget.
define check_proxy
home=$$(mktemp -d); trap 'rm -rf "$$home"' EXIT; \
XDG_DATA_HOME="$$home" XDG_CONFIG_HOME="$$home" $(BIN)/caddy validate --adapter caddyfile \
  --config deploy/caddy/Caddyfile >"$$home/messages" 2>&1 || { cat "$$home/messages"; exit 1; }
endef

# Written again beside the committed ones, the generated documents have to be the same.
define check_documents
fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; mkdir "$$fresh/docs"; \
$(BIN)/instasell-server docs "$$fresh" >/dev/null || exit 1; \
$(BIN)/python -m instasell_cli.reference "$$fresh" >/dev/null || exit 1; \
differences=$$(diff -ru "$$fresh" . | grep -v '^Only in \.'); \
if [ -n "$$differences" ]; then echo "$$differences"; echo 'Run `make docs`.' >&2; exit 1; fi
endef

$(MARKET): requirements.lock pyproject.toml | $(BIN)/python
	@echo 'Installing InstaSell into $(VENV); this happens once.'
	@$(call install,requirements.lock)
	@touch $@

$(TOOLS): requirements-dev.lock pyproject.toml | $(BIN)/python
	@echo 'Installing InstaSell and the tools of its developers into $(VENV); this happens once.'
	@$(call install,requirements-dev.lock)
	@touch $@ $(MARKET)

$(LOCKER)/bin/uv: | $(BIN)/python
	@$(BIN)/python -m venv $(LOCKER)
	@$(LOCKER)/bin/pip install --quiet --disable-pip-version-check 'uv>=0.13,<0.14'

define lock
$(BIN)/python -c 'import tomllib; \
  print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
| $(LOCKER)/bin/uv pip compile pyproject.toml - $(1) --output-file $(2) $(3) \
  --universal --python-version 3.11 --generate-hashes --annotation-style line \
  --no-strip-extras --no-config --custom-compile-command 'make lock' --quiet
endef
