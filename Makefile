# SPDX-License-Identifier: Apache-2.0
# Every target is also plain go; see "make help".

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
STATICCHECK := go tool -modfile=tools/go.mod staticcheck
FUZZ ?= 5000x
SEEDS ?= 3
TIME ?= 1h
MUTANTS ?= 1000
LENGTH ?= 30m

.PHONY: help test install check packages lint race fuzz fuzz-long crash arches strangers long reproducible bench score sim mutants fresh soak demo update

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

test: install lint race fuzz arches strangers fresh packages ## everything, after installing what it needs

install: ## what the tests need beyond Go, from Debian's packages
	@missing=; command -v chromium >/dev/null || missing+=" chromium"; \
	command -v qemu-aarch64 >/dev/null || missing+=" qemu-user"; \
	command -v GeodSolve >/dev/null || missing+=" geographiclib-tools"; \
	command -v strace >/dev/null || missing+=" strace"; \
	if [ -n "$$missing" ]; then \
		sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
		DEBIAN_FRONTEND=noninteractive $$sudo apt-get update -qq; \
		DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	fi

check: lint packages ## format, vet, staticcheck, tests

packages: ## the tests of all packages
	./scripts/test

lint: ## format, vet, staticcheck
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$unformatted" ]; then echo "not gofmt-ed: $$unformatted"; exit 1; fi
	go vet ./...
	go vet -tags soak ./cmd/trucewatch
	$(STATICCHECK) ./...

race: ## the packages with goroutines, under the race detector
	go test -race -short -timeout 20m ./internal/... ./index/... ./mission/... ./publish/... ./keyring ./mirror ./witness
	go test -race -short -timeout 20m -run 'at_once|export|locked|append_sign' ./record

fuzz: ## each fuzz test for FUZZ inputs
	./scripts/fuzz $(FUZZ)

fuzz-long: ## each fuzz test for TIME, such as 1h; finds are written to testdata/fuzz
	./scripts/fuzz $(TIME)

crash: ## the real program under failing calls, kills, full disks, tight limits and wrong clocks
	go test -v -timeout 20m -run 'EveryFileCall|Killed|FullDisk|Starved|WrongClock|DoesNotFit' ./cmd/trucewatch

arches: ## one digest for the example missions on amd64 v1, v3 and arm64
	./scripts/arches

strangers: ## programs of other people read our logs and co-sign our checkpoints
	./scripts/strangers

long: ## mutations, kills and power cuts at full length; takes hours
	TRUCEWATCH_LONG=1 go test -v -timeout 12h -run 'Mutation|Kill|Power|OpensMany|Long|EveryFileCall' ./associate ./cmd/trucewatch ./record ./seal ./witness ./mirror ./internal/durable/...

reproducible: ## the program built twice, with an empty cache the second time, is the same
	./scripts/reproducible

bench: ## the benchmarks behind docs/performance.md
	./scripts/bench

score: ## simulated worlds, and what association makes of them; SEEDS of each
	./scripts/score --seeds $(SEEDS)

sim: ## the whole system from SEEDS seeds, with faults; FROM=<hexadecimal> or a git hash is the first
	./scripts/sim $(SEEDS) $(FROM)

mutants: ## bugs planted into the program, each to be found within MUTANTS seeds
	./scripts/mutants $(MUTANTS)

fresh: ## seeds that this commit names, for three minutes, and some planted bugs
	SECONDS_MAX=170 ./scripts/sim 1000 "$$(git rev-parse HEAD 2>/dev/null || echo 0)"
	./scripts/mutants 100 wal-not-synced witness-signs-two-roots public-without-delay

soak: ## the real program, writers and readers at once, for LENGTH; RATE=<rows a second> or as many as the door takes
	TRUCEWATCH_SOAK=$(LENGTH) TRUCEWATCH_SOAK_RATE=$(RATE) go test -tags soak -v -timeout 1h -run 'TestSoak$$' ./cmd/trucewatch

demo: ## the example missions, served on this machine
	go run ./cmd/trucewatch demo

update: ## rewrite the expected outputs of golden tests; read the diff
	go test ./... -update
