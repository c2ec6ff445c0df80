# Leadflow. `make run` brings up the whole product, `make test` runs every check.
SHELL := /bin/bash
.DEFAULT_GOAL := help
export CGO_ENABLED ?= 1
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -X github.com/leadflow-dev/leadflow/domain/record.Version=$(VERSION)
TOOL := go tool -modfile=tools/go.mod

.PHONY: help run test lint unit embedded outside storm browser chaos replay loop build fmt postgres histories bench clean

help: ## what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | column -t -s "$$(printf '\t')"

run: postgres bin/leadflow-standalone bin/leadflow ## the whole product in one process; options in ARGS, such as ARGS='--ephemeral --port 0'
	@exec bin/leadflow-standalone $(ARGS)

test: lint unit embedded outside storm browser ## every check

build: bin/leadflow bin/leadflow-standalone ## both binaries

SOURCES := $(shell find . -name '*.go' -not -name '*_test.go' -not -path './bin/*') go.mod go.sum standalone/go.mod standalone/go.sum \
	$(shell find migrations document mail api standalone/catcher standalone/demo -type f -not -name '*.go' -not -path '*/testdata/*' 2>/dev/null)

bin/leadflow: $(SOURCES)
	go build -ldflags "$(LDFLAGS)" -o $@ ./cmd/leadflow

bin/leadflow-standalone: $(SOURCES)
	@[ -x $@ ] || echo "Building the embedded Temporal server: the first build downloads about 250 MB and takes some minutes." >&2
	cd standalone && go build -ldflags "$(LDFLAGS)" -o ../$@ .

postgres: ## the Postgres binaries, installed where they are missing
	@tools/postgres.sh

fmt: ## format all code
	$(TOOL) gofumpt -w $$(git ls-files -co --exclude-standard '*.go' | xargs ls 2>/dev/null)

lint: ## format, vet, staticcheck, workflowcheck
	@echo "gofumpt"; unformatted=$$($(TOOL) gofumpt -l $$(git ls-files -co --exclude-standard '*.go' | xargs ls 2>/dev/null)); \
		if [ -n "$$unformatted" ]; then echo "not formatted (make fmt):"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	$(TOOL) staticcheck -checks inherit,-U1000 ./...
	$(TOOL) workflowcheck ./workflows/...

unit: postgres ## the tests of the main module, with the race detector; lint has vetted it
	@mkdir -p bin && go build -o bin/testpg ./postgres/cmd/testpg && (cd tools && go build -o ../bin/report ./report)
	@set -o pipefail; bin/testpg go test -race -vet=off -shuffle=on -json ./... | bin/report

# vet runs with the tests: alone it would read the server's thousand packages a second time. Lives wait more than they work, so
# that there are more of them beside each other than cores.
embedded: postgres bin/leadflow-standalone ## the tests that need the embedded server, without the race detector
	@mkdir -p bin && (cd tools && go build -o ../bin/report ./report)
	@set -o pipefail; cd standalone && LEADFLOW_STANDALONE=../bin/leadflow-standalone go test -vet=all -parallel 8 -timeout 20m -json ./... | ../bin/report

browser: postgres ## the tests with Chromium; without one they are skipped
	@mkdir -p bin && go build -o bin/testpg ./postgres/cmd/testpg && (cd tools && go build -o ../bin/report ./report)
	@set -o pipefail; cd e2e/browser && ../../bin/testpg go test -vet=all -json ./... | ../../bin/report

storm: postgres bin/leadflow bin/leadflow-standalone ## the crash test in its short form, and a restore drill
	LEADFLOW_BIN=$(CURDIR)/bin go test -count=1 -short ./e2e/chaos

chaos: postgres bin/leadflow bin/leadflow-standalone ## the crash test for minutes, 10,000 mails and 5,000 handoffs among it, outages while deadlines pass, and the restore drill in all forms; ARGS='-seed 7 -load 10m -kills 100 -writers 8'
	LEADFLOW_BIN=$(CURDIR)/bin go test -count=1 -timeout 0 -v ./e2e/chaos -args $(or $(ARGS),-load 5m -kills 60 -rest 5m -mails 10000 -handoffs 5000)

outside: postgres bin/leadflow-standalone ## the built binary from outside: data of the previous release, a real log; what is learned from real data; 200 simulated lives
	@mkdir -p bin && (cd tools && go build -o ../bin/report ./report)
	@set -o pipefail; previous=$$(tools/previous.sh) && LEADFLOW_STANDALONE=$(CURDIR)/bin/leadflow-standalone LEADFLOW_PREVIOUS=$$previous \
		go test -p 1 -vet=off -count=1 -timeout 20m -json ./e2e/upgrade ./e2e/replay ./e2e/loop ./predict | bin/report
	LEADFLOW_LIVES=200 go test -count=1 -vet=off -run TestSimulatedLives ./workflows

replay: postgres bin/leadflow-standalone ## the real data whole: 13,087 cases of a log, in order, then shuffled and doubled, and 9,240 rows of a file; EVERY=13 takes each 13th
	LEADFLOW_STANDALONE=$(CURDIR)/bin/leadflow-standalone LEADFLOW_REPLAY_EVERY=$(or $(EVERY),1) go test -count=1 -timeout 0 -v -run TestReplay ./e2e/replay
	cd standalone && LEADFLOW_IMPORT_EVERY=$(or $(EVERY),1) go test -count=1 -timeout 0 -v -run TestXEducation .

loop: postgres bin/leadflow-standalone ## from outcomes to a better model on a running product, with the real leads of a file: reports, pattern, draft, preview, publication, questions; EVERY=8 takes each 8th row
	LEADFLOW_STANDALONE=$(CURDIR)/bin/leadflow-standalone LEADFLOW_LOOP_EVERY=$(or $(EVERY),37) go test -count=1 -timeout 0 -v ./e2e/loop

RELEASE ?= v0.1.0
histories: postgres ## record the lives of the tests from a real server, for the replay tests; RELEASE=v1.2.3
	rm -rf workflows/testdata/histories/$(RELEASE) && mkdir -p workflows/testdata/histories/$(RELEASE)
	cd standalone && go test -count=1 -v -run 'TestGolden|TestLives|TestAway' . -record $(CURDIR)/workflows/testdata/histories/$(RELEASE)

bench: postgres bin/leadflow-standalone bin/leadflow ## measure against plain SQL and bare workflows: docs/performance.md; ARGS='-run B1a -scale 0.1 -pairs 3'
	@go build -o bin/bench ./bench && bin/bench -json bin/bench.json -table bin/bench.md $(ARGS)

clean: ## throw away what was built, never data
	rm -rf bin
