# Each target does all of its own set-up, and says what it does. Anything longer than a line is in tools/.
.DEFAULT_GOAL := help
.PHONY: help setup build demo dev test chaos fuzz bench openapi clean
MAKEFLAGS += --no-print-directory
# As in tools/places.sh: a cargo that rustup installed is not on every PATH.
export PATH := $(or $(CARGO_HOME),$(HOME)/.cargo)/bin:$(PATH)

help: ## show this list
	@echo 'PBSWeb: make TARGET'
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 12

setup: ## install what this machine lacks for building and testing
	@tools/step 'Set-up' tools/setup test

build: ## the page, then the server that embeds it (target/release/pbsweb)
	@tools/step 'Set-up' tools/setup build
	@tools/step 'Build the page' tools/web
	@tools/step 'Build the server' cargo build --release --locked

demo: build ## start database, simulated host and server, run a job through the API, stay up
	@exec "$${CARGO_TARGET_DIR:-target}/release/demo" $(ARGS)

dev: ## rebuild the page and restart the server on every change
	@tools/step 'Set-up' tools/setup build
	@tools/dev

test: ## everything that must hold: formatting, lints, documentation, tests, browser
	@tools/test

chaos: setup build ## submit while servers, database and hosts fail: every job once? (ARGS="--seed N --submissions N")
	@"$${CARGO_TARGET_DIR:-target}/release/chaos" $(ARGS)

fuzz: ## many more random listings (CASES=200000), and texts that nobody meant for the script reader (FUZZ_SECONDS=600)
	@tools/step 'Damaged listings' env PROPTEST_CASES=$${CASES:-200000} cargo test --release --locked -p pbsweb --test scheduler fuzz::
	@tools/step 'Damaged scripts' env FUZZ_SECONDS=$${FUZZ_SECONDS:-600} cargo test --release --locked -p pbsweb-shared --test fuzz

bench: setup build ## measure submissions, first load and memory
	@"$${CARGO_TARGET_DIR:-target}/release/bench" $(ARGS)

openapi: ## write openapi/openapi.json from the program
	@cargo run --quiet --locked --bin pbsweb -- openapi >openapi/openapi.json.new
	@mv openapi/openapi.json.new openapi/openapi.json

clean: ## leave nothing behind in the checkout
	@[ ! -L .demo/data ] || rm -rf "$$(readlink .demo/data)"
	@rm -rf target web/dist e2e/browser/node_modules e2e/artefacts .demo openapi/openapi.json.new
