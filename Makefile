GO       ?= go
LINT     := $(GO) tool -modfile=golangci-lint.mod golangci-lint
FUZZ     ?= 10s
SEEDS    ?= 5
DRILLS   ?= 5000
BENCH    ?= .
UNRACED  := TestScripts/compare|TestAServedPassive|TestManyRecords|TestNetemUnderQemu|TestTheArithmetic
LABS     := TestNoFault|TestNoToxic|TestASevered|TestAFullDisk|TestTheExample|TestACutOf|TestInTheLab
SHELL    := /bin/bash

.SHELLFLAGS := -o pipefail -c

.PHONY: all build demo test toxiproxy-server labs torture check lint fmt vet tidy layers bench fuzz docs golden soak accuracy cross setup clean help

all: check build

help: ## what there is to make
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

build: ## the program, static and reproducible: bin/xdc
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/xdc ./cmd/xdc

demo: build ## rehearses examples/network-partition in virtual time
	bin/xdc rehearse examples/network-partition

setup: ## installs what the tests need (Debian packages; needs root)
	./.ci/setup

test: setup toxiproxy-server ## everything, with the race detector; about 40 minutes on two cores
	$(GO) vet ./...
	@d=$$(mktemp -d) && trap 'rm -r $$d' EXIT && \
	  XDC_SUITES=$$d XDC_SEEDS=1 $(GO) test -race -shuffle=on -p 4 -timeout 40m ./... && \
	  XDC_SUITES_PASSED=$$d CGO_ENABLED=0 $(GO) test -run TestEveryFaultGoesThroughTheSuite ./providers/all
	XDC_SEEDS=$(SEEDS) XDC_REALTIME=1 CGO_ENABLED=0 $(GO) test -timeout 40m ./cmd/internal/session
	XDC_SETTINGS=1000 CGO_ENABLED=0 $(GO) test -timeout 20m -run '$(UNRACED)' ./cmd/xdc ./engine/audit ./providers/network ./providers/twin
	$(MAKE) labs

toxiproxy-server: ## the server that the toxiproxy tests run against, pinned in a module file of its own
	$(GO) build -modfile=toxiproxy.mod -o bin/toxiproxy-server github.com/Shopify/toxiproxy/v2/cmd/server

labs: ## what needs a lab: real SSH, firewalls and processes, xdc killed at every point (needs root; else it says so)
	CGO_ENABLED=0 $(GO) test -timeout 60m -run '$(LABS)' -v ./cmd/xdc | grep --line-buffered -v '^=== '

torture: ## the same with every ending at every kill point; an hour (XDC_TORTURE=TYPE: one type)
	XDC_TORTURE=$${XDC_TORTURE:-all} CGO_ENABLED=0 $(GO) test -timeout 180m -run '$(LABS)' -v ./cmd/xdc | grep --line-buffered -v '^=== '

check: vet lint docs-fresh ## what a change must pass besides the tests
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo 'run gofmt -w on these'; exit 1; }

vet:
	$(GO) vet ./...

lint: ## golangci-lint, pinned in a module file of its own
	$(LINT) run ./...

tidy:
	$(GO) mod tidy -diff

docs: build ## writes the generated reference pages
	bin/xdc internal docs docs/reference

.PHONY: docs-fresh
docs-fresh: build ## fails when the generated pages are stale
	@d=$$(mktemp -d) && bin/xdc internal docs $$d && diff -ru $$d docs/reference --exclude='*.keep' | grep -v '^Only in docs/reference' ; \
	  s=$$(diff -ru $$d docs/reference | grep -v '^Only in docs/reference' | wc -l); rm -r $$d; \
	  test $$s -eq 0 || { echo 'the reference is stale: make docs'; exit 1; }

.PHONY: proof
proof: ## compares the evaluator of conditions with the slow reference on a million random pairs; ten minutes or more
	cd lang/cond && $(GO) test -timeout 3h -run 'TestVerdictsAgreeWithTheReference' -v . -args -rapid.checks=1000000

golden: ## rewrites expected output; read the diff afterwards
	XDC_UPDATE=1 $(GO) test ./...

bench: ## the benchmarks of docs/benchmarks.md
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem ./...

fuzz: ## every fuzz target for FUZZ=10s
	@grep -rEl --include='*_test.go' '^func Fuzz' . | while read -r f; do \
	  for t in $$(sed -nE 's/^func (Fuzz[A-Za-z0-9_]*)\(.*/\1/p' $$f); do \
	    echo "$$t in $$(dirname $$f)"; \
	    $(GO) test -run='^$$' -fuzz="^$$t$$" -fuzztime=$(FUZZ) -fuzzminimizetime=50x $$(dirname $$f) || exit 1; \
	  done; \
	done

soak: ## the examples with a hundred seeds each
	XDC_SEEDS=100 $(GO) test -run 'TestExamples' -timeout 60m -v ./cmd/internal/session

accuracy: ## 5,000 random drills against the twin's truth; writes the table of docs/accuracy.md
	GOGC=400 XDC_ACCURACY=$(DRILLS) XDC_ACCURACY_PAGE=$(CURDIR)/docs/accuracy.md $(GO) test -timeout 180m -run 'Test(Probe)?Accuracy$$' ./cmd/internal/session

cross: ## the other systems it builds for
	GOOS=darwin GOARCH=arm64 CGO_ENABLED=0 $(GO) build -o /dev/null ./cmd/xdc
	GOOS=windows GOARCH=amd64 CGO_ENABLED=0 $(GO) build -o /dev/null ./cmd/xdc

clean:
	rm -rf bin .xdc
