# Everything starts here: `make` lists the verbs. Each of them makes .venv ready first.
.DEFAULT_GOAL := help
.PHONY: help demo test test-long hostile privacy import-proof manual up lint contracts test-compose bench lock clean ready

PYTHON := .venv/bin/python
LOCK := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-annotate --no-header
LOCKS := deploy/requirements
SERVICES := $(patsubst services/%/subscriptions.toml,%,$(sort $(wildcard services/*/subscriptions.toml)))

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ready ## a real day through the four services (CHAOS=1 kills services on the way)
	@$(PYTHON) -m deploy.local demo

test: ready ## the tests, on real servers (docker-compose.yml has its own)
	@$(PYTHON) -m deploy.local install servers chromium prometheus nginx
	@$(PYTHON) -m tests.phases

test-long: export JEMPUT_TEST_LONG := 1
test-long: test ## the tests with ten times the examples and torture rounds

hostile: ready ## six attacks on a running stack while honest requests go on
	@$(PYTHON) -m deploy.local install servers
	@$(PYTHON) -m tests.torture.hostile

privacy: ready ## made-up residents searched for in every place that keeps, ten of them erased
	@$(PYTHON) -m deploy.local install servers nginx
	@$(PYTHON) -m tests.torture.privacy

import-proof: ready ## a history of 10,000 rows brought in while its process is killed three times
	@$(PYTHON) -m deploy.local install servers
	@$(PYTHON) -m tests.torture.imports

manual: ready ## the manual as pages and as a PDF, with pictures of pages just tested (PICTURES=0: those that are kept)
ifneq ($(PICTURES),0)
	@$(PYTHON) -m deploy.local install servers chromium nginx
	@$(PYTHON) -m tests.manual
	@$(PYTHON) -m deploy.manual pictures
endif
	@$(PYTHON) -m deploy.manual book

up: ready ## the four services on this machine until Ctrl-C (DEMO=1 shows the demo's day)
	@$(PYTHON) -m deploy.local up $(if $(filter-out 0,$(DEMO)),--demo)

lint: ready ## style, types, the direction of imports, drift of the published contracts
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy services shared deploy tests
	.venv/bin/lint-imports
	$(PYTHON) -m shared.contracts --check

contracts: ready ## write the published schemas, examples and AsyncAPI anew
	$(PYTHON) -m shared.contracts

test-compose: ready ## the tests of docker-compose.yml, on a Docker engine
	$(PYTHON) -m pytest -m compose tests/e2e

bench: ready ## one hop beside its peers, the road from HTTP to the total, a busy floor (KEY=hop, road, line, timers, seal, status or upload: one)
	$(PYTHON) -m tests.benchmarks $(if $(KEY),--key $(KEY))

lock: ready ## resolve deploy/requirements/*.in anew, keeping what still fits
	cd $(LOCKS) && ../../$(LOCK) dev.in -o dev.txt
	cd $(LOCKS) && for service in $(SERVICES); do \
		../../$(LOCK) $$service.in -c dev.txt -o $$service.txt || exit 1; done
	cd $(LOCKS) && ../../$(LOCK) mongod.in -o mongod.txt

clean: ## remove data, build and caches (.venv and downloads stay)
	@! test -d .local || find .local -type f -name lock ! -path '.local/cache/*' -exec sh -c \
		'for lock; do flock -n "$$lock" true || exit 1; done' sh {} + || \
		{ echo "servers in .local are running: stop them first" >&2; exit 1; }
	@! test -d .local || find .local -mindepth 1 -maxdepth 1 ! -name cache -exec rm -rf {} +
	rm -rf build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

ready:
	@sh deploy/local/bootstrap.sh
