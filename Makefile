# One entry for people, .ci/run, pre-commit and ci.yml. `make` lists what there is.
# Python 3.11 or later and make are all it takes; Terraform is found as tt-ops finds it.
PYTHON ?= python3

DEV := .venv
SCAN := build/scan
EMULATORS := build/emulators
# Tests start tt-ops and terraform by name.
PYTEST := PATH="$(CURDIR)/$(DEV)/bin:$$PATH" $(DEV)/bin/pytest
COMPILE = $(SCAN)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock" $(UPGRADE)
WORKFLOWS = $(wildcard .github/workflows/*.yml)
GATES := format types pyright dead-code bandit checkov zizmor actionlint shellcheck terraform check-lock check-licences

.DEFAULT_GOAL := help
.PHONY: help dev check test soak soak-all browser faults benchmark lock upgrade licences $(GATES)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "%-15s %s\n", $$1, $$2}' Makefile

dev: $(DEV)/ready ## an environment to work in: . .venv/bin/activate

check: $(GATES) ## every fast gate

format: $(DEV)/ready ## ruff: rules and layout
	$(DEV)/bin/ruff check .
	$(DEV)/bin/ruff format --check .

types: $(DEV)/ready ## mypy, strict
	$(DEV)/bin/mypy

pyright: $(DEV)/ready $(SCAN)/ready ## a second opinion on types; its rules are in pyrightconfig.json
	$(SCAN)/bin/basedpyright --pythonpath $(DEV)/bin/python

# The names left out are parameters of methods that override a library's and do not need them.
dead-code: $(SCAN)/ready ## vulture: code that nothing uses
	$(SCAN)/bin/vulture --min-confidence 80 --ignore-names client_address,file_path,message_id,on_create,reason_data,type_name \
		tasktracker_ops lambda_function tests benchmarks docs

# What is skipped in tests is what tests consist of: assertions, example credentials, processes of
# their own, chance with a seed, servers on this machine.
bandit: $(SCAN)/ready ## Python's security
	$(SCAN)/bin/bandit --quiet --recursive tasktracker_ops lambda_function benchmarks docs
	$(SCAN)/bin/bandit --quiet --recursive tests --skip B101,B105,B106,B107,B113,B311,B404,B602,B603,B605,B607

checkov: $(SCAN)/ready ## the security of Terraform and workflows
	$(SCAN)/bin/checkov --directory terraform --directory bootstrap --directory .github \
		--framework terraform github_actions --skip-download --compact --quiet

zizmor: $(SCAN)/ready ## the workflows' security, by the strictest persona
	$(SCAN)/bin/zizmor --offline --no-progress --persona=auditor .github

actionlint: ## workflows: syntax, expressions
	.ci/actionlint/run $(WORKFLOWS)

shellcheck: $(SCAN)/ready ## shell scripts
	$(SCAN)/bin/shellcheck .ci/run .ci/actionlint/run .github/comment.sh .github/issue.sh

terraform: $(DEV)/ready ## terraform fmt and validate, with the locked provider
	$(PYTEST) -n0 --quiet -m '' tests/terraform/test_configuration.py

check-lock: $(DEV)/ready ## requirements/ covers setup.cfg, docs/security.md the skipped checks
	$(DEV)/bin/pip check
	$(PYTEST) -n0 --quiet tests/test_gates.py

check-licences: $(DEV)/ready $(SCAN)/ready $(EMULATORS)/ready ## docs/licences.md is up to date
	$(DEV)/bin/python docs/licences.py --check --scan $(SCAN) --emulators $(EMULATORS)

test: $(DEV)/ready ## the default tests: about five minutes on two cores
	$(PYTEST)

# Two sets of long tests, since .ci/run has twenty minutes: `soak`, and on GitHub `extended` as well.
soak: $(DEV)/ready ## the long tests that .ci/run runs
	$(PYTEST) -m "$(or $(MARKS),soak)"

soak-all: $(DEV)/ready $(EMULATORS)/ready ## every long test: all variants, other emulators
	$(PYTEST) -m "soak or extended"

faults: $(DEV)/ready ## every fault that a deploy has to survive; writes docs/reliability.md
	$(PYTEST) -m "" tests/faults $(wildcard tests/e2e/test_contention.py); \
	status=$$?; $(DEV)/bin/python docs/reliability.py && exit $$status

browser: $(DEV)/ready ## the console and the dashboard's page in Chromium or Chrome
	$(PYTEST) -m browser

benchmark: $(DEV)/ready ## beside other tools, in an hour; writes benchmarks/RESULTS.md and the README's table
	$(DEV)/bin/python -m benchmarks $(ROWS)

lock: $(SCAN)/ready ## write requirements/*.txt again, keeping versions that still fit
	$(COMPILE) --all-extras setup.cfg --output-file requirements/dev.txt
	$(COMPILE) setup.cfg --constraint requirements/dev.txt --output-file requirements/deploy.txt
	$(COMPILE) requirements/scan.in --output-file requirements/scan.txt
	$(COMPILE) requirements/emulators.in --output-file requirements/emulators.txt
	for peer in requirements/peers/*.in; do \
		$(COMPILE) $$peer --output-file $${peer%.in}.txt || exit 1; \
	done

upgrade: ## the same with the newest versions
	$(MAKE) lock UPGRADE=--upgrade

licences: $(DEV)/ready $(SCAN)/ready $(EMULATORS)/ready ## write docs/licences.md again
	$(DEV)/bin/python docs/licences.py --scan $(SCAN) --emulators $(EMULATORS)

$(DEV)/ready: requirements/dev.txt
	$(PYTHON) -m venv --clear $(DEV)
	$(DEV)/bin/pip install --quiet --require-hashes --requirement requirements/dev.txt
	$(DEV)/bin/pip install --quiet --no-deps --editable .
	touch $@

# Most of what these two bring is never imported; what is, Python compiles then.
$(SCAN)/ready: requirements/scan.txt
	$(PYTHON) -m venv --clear $(SCAN)
	$(SCAN)/bin/pip install --quiet --no-compile --require-hashes --requirement requirements/scan.txt
	touch $@

$(EMULATORS)/ready: requirements/emulators.txt
	$(PYTHON) -m venv --clear $(EMULATORS)
	$(EMULATORS)/bin/pip install --quiet --no-compile --require-hashes --requirement requirements/emulators.txt
	touch $@
