# Every verb is one line; `make` lists them. Anything longer lives in scripts/ or in a management command.
.DEFAULT_GOAL := help
SOAK ?= tests/faults tests/labs/test_at_001_7.py
PYTHON := .venv/bin/python
MANAGE := $(PYTHON) manage.py
.PHONY: help up doctor seed test faults soak check bench assets screenshots lock

help: ## List the verbs
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: ## Start the whole product; Ctrl-C stops it, a second start keeps all data
	@sh scripts/setup.sh up && exec $(MANAGE) up

doctor: ## Tell what this machine can do, what is weak, and the command that mends it
	@sh scripts/setup.sh up && exec $(MANAGE) doctor

seed: ## Put the demonstration functions into the owner's account
	@sh scripts/setup.sh up && exec $(MANAGE) seed

test: ## Set up and run every test; DATABASE=postgres or sqlite: everything on that one alone
	@sh scripts/setup.sh test && exec $(PYTHON) scripts/test.py $(if $(DATABASE),--database $(DATABASE))

faults: ## Run the fault tests: parts killed, frozen and cut off amid 2,000 events each (ten minutes or more)
	@sh scripts/setup.sh test && export FAULT_EVENTS=$${FAULT_EVENTS:-2000} FAULT_KILLS=$${FAULT_KILLS:-3} && exec $(PYTHON) scripts/test.py tests/faults -rP

soak: ## Run the fault tests, and the lecture's bottleneck at its full size, for an hour or two: many more events and kills
	@sh scripts/setup.sh test && export FAULT_EVENTS=$${FAULT_EVENTS:-20000} FAULT_KILLS=$${FAULT_KILLS:-12} LAB_EVENTS=$${LAB_EVENTS:-5000} && exec $(PYTHON) scripts/test.py $(SOAK) -rP --timeout 7200

check: ## Lint, types, import contract, migrations, built assets, forbidden words
	@sh scripts/setup.sh test && exec $(PYTHON) scripts/check.py

bench: ## Measure this machine against the targets of docs/performance.md
	@sh scripts/setup.sh test && exec $(PYTHON) -m bench

assets: ## Rebuild the console's scripts and styles from frontend/ (needs node and npm)
	@sh scripts/setup.sh test && exec $(PYTHON) scripts/build_assets.py

screenshots: ## Take the console's screenshots (needs Chromium)
	@sh scripts/setup.sh test && exec $(PYTHON) scripts/screenshots.py

lock: ## Pin every dependency again from requirements/*.in (needs uv)
	@sh scripts/lock.sh
