# The commands of this project. `make run` starts it, `make test` checks it; both bring everything they need.
.NOTPARALLEL:
.PHONY: run test test-bare bench lint types walls js unit e2e tests screenshots lock clean

PREPARE = @sh .ci/python .ci/prepare.py
CHECK = @.venv/bin/python .ci/checks.py

run: ## start VoiceAssist on HOST and PORT (127.0.0.1 and 8000)
	$(PREPARE) site
	@exec .venv/bin/python manage.py serve --prepare

test: ## every check: style, types, walls, JavaScript, Python, browser
	$(PREPARE) site tests node chromium curl
	$(CHECK) lint types js tests

test-bare: ## `make run` and `make test` in a fresh copy that sees nothing but Python, make, git and a bare system
	@sh .ci/python .ci/bare.py

bench: ## from the end of speech to the first sound of the embedded engine's answer; sessions created per second
	$(PREPARE) site tests
	@.venv/bin/python bench/engine_latency.py
	@.venv/bin/python -m bench.session_creation

lint: ## ruff, style and mistakes
	$(PREPARE) site tests
	$(CHECK) lint

types: ## mypy --strict
	$(PREPARE) site tests
	$(CHECK) types

walls: ## who may import whom
	$(PREPARE) site tests
	$(CHECK) walls

js: ## types and tests of the browser's modules
	$(PREPARE) site tests node
	$(CHECK) js

unit: ## the Python tests without a browser
	$(PREPARE) site tests curl
	$(CHECK) unit

e2e: ## the tests that drive a browser or a stock SDK
	$(PREPARE) site tests node chromium
	$(CHECK) e2e

tests: ## all of pytest; PYTEST_ARGS="-k name" picks some
	$(PREPARE) site tests node chromium curl
	$(CHECK) tests

screenshots: ## take the pictures of the papers again
	$(PREPARE) site tests chromium
	@.venv/bin/python -m docs.screenshots

lock: ## bring requirements.lock and tests/js/package-lock.json up to date
	$(PREPARE) site tests
	@.venv/bin/python .ci/lock.py

clean: ## remove what can be made again; var/ with its data stays
	rm -rf .venv build *.egg-info tests/js/node_modules var/static
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
