# Each target does all of its own set-up. `make` alone says what there is.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

CONSOLE := internal/console/dist/index.html
SDKJS   := sdk/js/dist/headroom.js
MODULES := . $(patsubst %/go.mod,%,$(wildcard examples/*/go.mod test/*/go.mod bench/*/go.mod))
LINT    := v2.15.0# of golangci-lint

.PHONY: help
help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## run a sample company with its product page and the console; DATA=folder shows CSV exports instead
	@scripts/setup build
	@$(MAKE) build
	bin/headroom demo $(if $(DATA),--from $(DATA))

.PHONY: test
test: ## run all tests; installs PostgreSQL and a browser when they are missing
	@scripts/setup test
	@$(MAKE) console sdkjs
	for m in $(MODULES); do (cd $$m && go vet ./...); done
	npm --prefix web test
	npm --prefix sdk test
	@$(MAKE) sizes
	for m in $(MODULES); do (cd $$m && HEADROOM_SIM_SEEDS=$${HEADROOM_SIM_SEEDS:-2500} go test -timeout 20m $$(go list ./... | grep -v /headroom/cmd/headroom)); done
	scripts/shards ./cmd/headroom
	scripts/sdk
	scripts/fuzz 3s

.PHONY: sdk
sdk: ## vet and test the modules of the Go SDK against a server of this tree
	scripts/sdk

.PHONY: build
build: console sdkjs ## build bin/headroom with the console and the JavaScript SDK in it
	go build -o bin/headroom ./cmd/headroom

.PHONY: console
console: $(CONSOLE) ## build the console into the place the binary takes it from
	@:

$(CONSOLE): web/node_modules/.package-lock.json $(shell find web -path web/node_modules -prune -o -type f -print)
	npm --prefix web run build
	@touch $@

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	npm --prefix web ci --no-audit --no-fund
	@touch $@

.PHONY: sdkjs
sdkjs: $(SDKJS) ## build the JavaScript SDK into the place the binary takes it from
	@:

$(SDKJS): sdk/node_modules/.package-lock.json $(shell find sdk/js sdk/react \( -path '*/node_modules' -o -path '*/dist' -o -name '*_test.go' \) -prune -o -type f -name '*.[tjm]*' -print)
	find sdk/js/dist -mindepth 1 ! -name .gitkeep -delete
	npm --prefix sdk run build
	@touch $@

sdk/node_modules/.package-lock.json: sdk/package.json sdk/package-lock.json sdk/js/package.json sdk/react/package.json
	npm --prefix sdk ci --no-audit --no-fund
	@touch $@

.PHONY: gallery
gallery: sdkjs ## show every component in every state on http://127.0.0.1:4400 (AT=address:port)
	go run ./sdk/js/gallery $(AT)

.PHONY: components
components: sdkjs ## take the pictures of docs/components.md anew
	HEADROOM_COMPONENTS=$(CURDIR)/docs/images/components go test -count 1 -run TestEveryComponentHasItsPictures ./sdk/js

.PHONY: sizes
sizes: sdkjs ## how large the JavaScript SDK is, and whether it may be
	node sdk/js/size.mjs

.PHONY: reference
reference: sdk/node_modules/.package-lock.json ## write docs/sdk.md from the code of sdk/js and sdk/react
	node sdk/reference.mjs

.PHONY: setup
setup: ## install what the tests need and is not here yet (Debian or Ubuntu)
	@scripts/setup test

.PHONY: lint
lint: ## run the linters (the first time builds them, some minutes)
	@scripts/lint $(LINT)

.PHONY: bench
bench: build ## run all measurements, about a quarter of an hour (scripts/measure PART runs one)
	scripts/measure

.PHONY: bench-console
bench-console: build ## open every page of the console in Chromium on a server with 100,000 accounts (DIR=folder is filled once, used again)
	@scripts/setup test
	bin/headroom bench console --data $(or $(DIR),tmp/bench-console) --duration 5s --warm
	HEADROOM_BENCH_CONSOLE=$(abspath $(or $(DIR),tmp/bench-console)) go test ./cmd/headroom -run '^TestConsolePagesInABrowser$$' -v -timeout 30m | grep -v '^=== '

.PHONY: bench-evaluators
bench-evaluators: ## measure the Go SDK's answers in the process beside other evaluators of flags
	cd bench/evaluators && go test -run '^$$' -bench . -benchmem -cpu 1 -count 2

.PHONY: torture
torture: ## run the long forms of property, kill and race tests (hours; needs a C compiler); HEADROOM_SEED=n repeats one
	@scripts/setup test
	@$(MAKE) console sdkjs
	HEADROOM_SIM_SEEDS=$${HEADROOM_SIM_SEEDS:-100000} HEADROOM_SIM_FROM=1000000 go test -count 1 -timeout 4h -run TestWhatever ./internal/runner
	HEADROOM_TORTURE_ROUNDS=$${HEADROOM_TORTURE_ROUNDS:-10} go test -race -count 1 -timeout 2h ./...
	go test -count 1 -timeout 2h $$(grep -rl --include='*_test.go' pgregory.net/rapid internal | xargs -n 1 dirname | sort -u | sed 's|^|./|') -rapid.checks 5000
	scripts/fuzz 2m

.PHONY: fuzz
fuzz: ## fuzz every parser for a minute each
	scripts/fuzz 1m
