# The commands of this project. `make run` starts it, `make test` checks it; both bring everything they need.
.NOTPARALLEL:
.PHONY: run install test test-bare test-next faults load bench lint types walls js unit e2e tests screenshots icons words lock clean

VENV = .venv
export VENV
FAULTS ?= long
PREPARE = @sh .ci/python .ci/prepare.py
CHECK = @$(VENV)/bin/python .ci/checks.py

run: ## start VoiceAssist on HOST and PORT (127.0.0.1 and 8000)
	$(PREPARE) site
	@exec $(VENV)/bin/python manage.py serve --prepare

install: ## everything the server needs, without starting it
	$(PREPARE) site

test: ## every check: style, types, walls, JavaScript, Python, browser
	$(PREPARE) site tests node chromium curl firefox webkit nginx
	$(CHECK) lint types js tests faults

test-bare: ## `make run` and `make test` in a fresh copy that sees nothing but Python, make, git and a bare system
	@sh .ci/python .ci/bare.py

test-next: ## the Python and browser tests and the quick faults on Python 3.13 and the next Django, in an environment of their own
	@sh .ci/python .ci/next_versions.py

faults: ## the fault tests at full length: minutes, not seconds; FAULTS_SEED=n repeats a run of the nemesis
	$(PREPARE) site tests nginx
	@FAULTS=$(FAULTS) $(VENV)/bin/python .ci/checks.py faults

load: ## what one worker carries, and whether that is what was asked: a crowd, floods, a slow database, a lost Redis
	$(PREPARE) site tests
	@$(VENV)/bin/python -m bench.load

bench: ## what a relay costs for each call, ours beside others: BENCH_ARGS="cpu --quick" picks; sessions a second; the engine's latency
	$(PREPARE) site tests node nginx
	@$(VENV)/bin/python -m bench.relay $(BENCH_ARGS)

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
	$(PREPARE) site tests curl nginx
	$(CHECK) unit

e2e: ## the tests that drive a browser or a stock SDK
	$(PREPARE) site tests node chromium firefox webkit
	$(CHECK) e2e

tests: ## the Python and browser tests side by side; PYTEST_ARGS="-k name" picks some
	$(PREPARE) site tests node chromium curl firefox webkit nginx
	$(CHECK) tests

screenshots: ## take the pictures of the papers again
	$(PREPARE) site tests chromium
	@$(VENV)/bin/python -m docs.screenshots

icons: ## draw the icons of the installed app from static/icons/voiceassist.svg
	$(PREPARE) site tests chromium
	@$(VENV)/bin/python .ci/icons.py

words: ## collect the sentences of the sources, compile the catalogues, name what is not translated yet
	$(PREPARE) site tests
	@$(VENV)/bin/python .ci/words.py

lock: ## bring requirements.lock and tests/js/package-lock.json up to date
	$(PREPARE) site tests
	@$(VENV)/bin/python .ci/lock.py

clean: ## remove what can be made again; var/ with its data stays
	rm -rf .venv .venv-next build *.egg-info tests/js/node_modules var/static
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
