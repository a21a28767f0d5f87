# One entry point for every habit. Each target makes or renews its own environment first.
.DEFAULT_GOAL := help
.PHONY: help setup demo test check fix bench docs vsix lock clean runtime dev extension test-vscode

PY := .venv/bin/python
EXT := vscode-extension
ARGS ?=

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: dev extension ## Make the whole development environment

demo: runtime ## See three broken programs fixed (or left alone) with proof, then undone
	@$(PY) -m samokoder.server.demo $(ARGS)

test: dev extension ## Run every test that can run here; what is skipped is named with its reason
	@scripts/weights
	@$(PY) -m pytest -m "not matrix and not engine" $(ARGS) || test $$? = 5
	@$(PY) scripts/engine run $(PY) -m pytest -m "engine and not matrix" $(ARGS) || test $$? = 5
	@echo "Not run: the crash matrix (minutes): $(PY) -m pytest -m matrix"
	@scripts/extension test

test-vscode: vsix ## Drive the packed extension in a real VS Code (Linux x64; brings chromium by apt)
	@scripts/vscode-e2e $(ARGS)

check: dev extension ## Lint, format, types, layers, coverage of at least 85 %, the extension
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy -p samokoder.server -p samokoder.agents -p samokoder.state
	.venv/bin/lint-imports
	$(PY) -m coverage erase
	$(PY) scripts/engine run $(PY) -m coverage run -m pytest -q -m "not timing and not matrix" $(ARGS)
	$(PY) -m coverage combine -q
	$(PY) -m coverage report
	@scripts/extension check

fix: dev ## Let the linter and the formatter mend what they can
	$(PY) -m ruff check --fix
	$(PY) -m ruff format

bench: dev ## Print the figures this project promises (quick versions)
	@scripts/bench $(ARGS)

docs: dev ## Make the generated pages again from the code
	@$(PY) scripts/docs.py

vsix: dev extension ## Build the VS Code extension's package
	@scripts/extension vsix

lock: ## Resolve the dependencies anew (needs uv); UP=-U also takes newer versions
	@scripts/lock $(UP)

clean: ## Remove everything that was made here
	rm -rf .venv build dist $(EXT)/node_modules $(EXT)/out $(EXT)/*.vsix .coverage .coverage.*
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

runtime:
	@scripts/setup runtime

dev:
	@scripts/setup dev

extension:
	@scripts/extension setup
