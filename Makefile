# The ways to run, check and build nylasadmin. Needs make and Python 3.11 or newer; everything else is installed into .venv,
# pinned and with hashes. Variables: PYTHON (interpreter), ARGS (for demo and bench), PYTEST_ARGS, WORKERS (test
# processes, 0 for none but this one), CI=true (browser must be there).

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PIP_TOOLS := 7.6.2
COMPILE := $(VENV)-lock/bin/pip-compile --quiet --no-config --generate-hashes --all-build-deps --allow-unsafe --strip-extras \
	--no-header --no-emit-index-url --no-emit-trusted-host --no-emit-find-links
PYTHON ?=
ARGS ?=
PYTEST_ARGS ?=
STORIES ?= 100000
JOBS ?= 2
SEED ?=
WORKERS ?= auto

.PHONY: help demo test soak check bench wheel lock clean chromium
.DELETE_ON_ERROR:

help:
	@echo "make demo    console and sandbox, ready to click        ARGS='--port 8080 ...'"
	@echo "make test    every check, then every test               PYTEST_ARGS='tests/domain -x'"
	@echo "make soak    the long proofs: stories, kills           STORIES=100000 SEED=1 JOBS=2"
	@echo "make check   ruff, mypy, import-linter"
	@echo "make bench   measurements                               ARGS='...'"
	@echo "make wheel   dist/*.whl, with templates and static files"
	@echo "make lock    newest versions into both lock files"
	@echo "make clean   remove everything that was made here"

demo: $(VENV)/.run
	$(BIN)/nylasadmin demo $(ARGS)

# pytest comes last, so its own summary is the last line.
test: check chromium
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

# Hours. docs/proofs.md says what is proved and how one story is told again.
soak: $(VENV)/.dev
	$(BIN)/python -m tests.faults.soak --stories $(STORIES) --jobs $(JOBS) $(if $(SEED),--seed $(SEED))

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev
	$(BIN)/python -m bench $(ARGS)

wheel: $(VENV)/.run
	rm -rf dist
	$(BIN)/python -m hatchling build -t wheel
	$(BIN)/python .ci/check_wheel.py dist/*.whl

lock:
	@python=$$(sh .ci/find-python $(PYTHON)) && "$$python" -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip --disable-pip-version-check --quiet install pip-tools==$(PIP_TOOLS)
	$(COMPILE) --upgrade --output-file requirements.lock pyproject.toml
	$(COMPILE) --upgrade --extra dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml

clean:
	rm -rf $(VENV) $(VENV)-lock dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find nylasadmin tests bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

chromium:
	@sh .ci/install-chromium

# The stamps are older than a lock file (or the project's metadata) exactly when an installation is due.
$(VENV)/.run: requirements.lock pyproject.toml
	@python=$$(sh .ci/find-python $(PYTHON)) && { $(BIN)/python -m pip --version >/dev/null 2>&1 || "$$python" -m venv --clear $(VENV); }
	@echo "installing nylasadmin into $(VENV) (pinned, with hashes)"
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	@echo "installing the tools for checks and tests"
	@$(PIP) install --require-hashes --requirement requirements-dev.lock
	@touch $@
