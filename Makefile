# make only forwards: the sessions stand in noxfile.py. Every target sets up what it needs and is quick when nothing changed.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= $(shell tools/find_python)
VENV := .venv
NOX := $(VENV)/bin/nox --no-error-on-missing-interpreters -s
# A long run goes on after a failure; what failed is told once more at its end.
FAILED = { $(VENV)/bin/python tools/failures.py build/junit; exit 1; }
LAB = -e lab_size=$(lab_size)
HOST ?= control-plane-1
lab_size ?= full
STAMP := $(VENV)/.stamp-$(shell cat requirements/dev.txt | sha256sum | cut -c1-12)

.PHONY: help lab lab-stop lab-shell store-lab molecule conformance demo test test-core test-lab test-all lint sanity unit integration requirements sabotage matrix built bench store cluster cluster-stop lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

$(STAMP): requirements/dev.txt
	@tools/setup "$(PYTHON)" "$(VENV)" requirements/dev.txt
	@rm -f $(VENV)/.stamp-* && touch $@

setup: $(STAMP) ## virtual environment with pinned, hashed requirements; Debian packages when root

demo: $(STAMP) ## the whole system from nothing, on lab hosts where they can be, else on a simulated cluster (DEMO=lab, DEMO=simulated)
	@tools/demo

store: $(STAMP) ## fill the artifact store (builds from pinned Go modules where needed)
	@$(NOX) store

cluster: store ## start the simulated cluster
	@$(VENV)/bin/ansible-playbook playbooks/simulated.yml -i inventories/simulated

cluster-stop: $(STAMP) ## stop the simulated cluster and leave no process
	@$(VENV)/bin/ansible-playbook playbooks/simulated.yml -i inventories/simulated -e simulated_cluster_state=absent

lab: store-lab ## real systemd hosts in podman containers (needs root and podman; lab_size=small for seven of ten)
	@$(VENV)/bin/ansible-playbook playbooks/lab.yml -i inventories/lab $(LAB)

lab-stop: $(STAMP) ## remove the lab's hosts; nothing of them is left
	@$(VENV)/bin/ansible-playbook playbooks/lab.yml -i inventories/lab $(LAB) -e lab_hosts_state=absent

lab-shell: ## a shell on a host of the lab: make lab-shell HOST=cpu-1
	@ssh -F "$${XDG_STATE_HOME:-$$HOME/.local/state}/autotrade/lab/lab/ssh_config" $(HOST)

store-lab: $(STAMP)
	@tools/debian_packages requirements/debian-lab.txt
	@$(VENV)/bin/ansible-playbook playbooks/mirror.yml -i inventories/lab

test: test-core ## everything that CI runs
	@if tools/lab_possible; then $(MAKE) --no-print-directory test-lab; else echo "make test: lab scenarios did not run, see above"; fi

test-core: $(STAMP)
	@rm -rf build/junit
	@$(NOX) lint unit requirements store integration site sabotage sanity matrix built || $(FAILED)

# One power-off of each host and two minutes of load; make test-all has five and ten.
test-lab: store-lab
	@CLUSTER_HA_ROUNDS=1 CLUSTER_HA_LOAD_MINUTES=2 $(NOX) molecule cluster_ha || $(FAILED)

molecule: store-lab ## bare lab hosts to a cluster: foretold, done, unchanged, looked at (root and podman)
	@$(NOX) molecule

conformance: store-lab ## Kubernetes' own end-to-end tests judge a cluster on lab hosts (root and podman)
	@$(NOX) conformance

test-all: test-core store-lab ## the long scenarios too
	@$(NOX) integration_slow matrix_slow lab_hosts molecule cluster_ha lab_site resume conformance || $(FAILED)

lint: $(STAMP) ## ruff, mypy --strict, import contracts, yamllint, ansible-lint (production), house rules
	@$(NOX) lint

sanity: $(STAMP) ## ansible-test sanity
	@$(NOX) sanity

unit: $(STAMP) ## the pure core and the rendered roles
	@$(NOX) unit

integration: store ## the modules against the simulated cluster's real API server
	@$(NOX) integration

requirements: $(STAMP) ## each requirement id with the tests and the sabotages that name it
	@$(NOX) requirements

sabotage: $(STAMP) ## every registered sabotage must turn its requirement's test red
	@$(NOX) sabotage

matrix: store ## the ansible-core x Python pairs
	@$(NOX) matrix

built: store ## the built collection, installed, from an empty directory
	@$(NOX) built

bench: store ## ratios against peers and floors
	@$(NOX) bench

lock: $(STAMP) ## refresh the lock from the projects' published checksum files (needs the internet)
	@PYTHONPATH=.collections $(VENV)/bin/python -m ansible_collections.autotrade.deployment.plugins.plugin_utils.lock_refresh $(ARGS)

clean: ## remove what the checkout made (the caches outside it stay)
	@rm -rf build $(VENV) .nox .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .ansible
