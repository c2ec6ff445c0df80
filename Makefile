# Leadflow. `make run` brings up the whole product, `make test` runs every check.
SHELL := /bin/bash
.DEFAULT_GOAL := help
export CGO_ENABLED ?= 1
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -X github.com/leadflow-dev/leadflow/domain/record.Version=$(VERSION)
TOOL := go tool -modfile=tools/go.mod

.PHONY: help run test lint unit embedded embedded-clocks embedded-outages embedded-lives embedded-others embedded-parts outside storm browser chaos replay loop example build fmt postgres histories bench clean

help: ## what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | column -t -s "$$(printf '\t')"

run: postgres bin/leadflow-standalone bin/leadflow ## the whole product in one process; options in ARGS, such as ARGS='--ephemeral --port 0'
	@exec bin/leadflow-standalone $(ARGS)

# One after the other: tests from outside have the clocks of people, and what computes beside them makes these late. What several stages
# need is built before them.
test: postgres bin/stages bin/report bin/testpg bin/leadflow bin/leadflow-standalone bin/standalone.test ## every check
	@bin/stages 'lint unit embedded outside storm browser'

build: bin/leadflow bin/leadflow-standalone ## both binaries

SOURCES := $(shell find . -name '*.go' -not -name '*_test.go' -not -path './bin/*') go.mod go.sum standalone/go.mod standalone/go.sum \
	$(shell find migrations document mail api standalone/catcher standalone/demo -type f -not -name '*.go' -not -path '*/testdata/*' 2>/dev/null)

bin/leadflow: $(SOURCES)
	go build -ldflags "$(LDFLAGS)" -o $@ ./cmd/leadflow

bin/leadflow-standalone: $(SOURCES)
	@[ -x $@ ] || echo "Building the embedded Temporal server: the first build downloads about 250 MB and takes some minutes." >&2
	cd standalone && go build -ldflags "$(LDFLAGS)" -o ../$@ .

bin/report bin/stages: bin/%: $(shell find tools -name '*.go') tools/go.mod
	@mkdir -p bin && cd tools && go build -o ../$@ ./$*

bin/testpg: $(shell find postgres -name '*.go')
	go build -o $@ ./postgres/cmd/testpg

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
	cd tools && go vet ./... && go test ./...

unit: postgres bin/testpg bin/report ## the tests of the main module, with the race detector; lint has vetted it
	@set -o pipefail; bin/testpg go test -race -vet=off -shuffle=on -timeout 20m -json ./... | bin/report

# Lives wait more than they work: two lanes of houses, each house with a part of the tests and nothing but it, and in each more of them
# at once than there are cores. Every test is in one part: the last has what the others leave.
EMBEDDED_CLOCKS := ^TestDeadlines
EMBEDDED_OUTAGES := ^Test(Outage|Demo)
EMBEDDED_LIVES := ^Test(Costs|Golden|Lives|ASequence|XEducation)
EMBEDDED_HOUSES := embedded-clocks embedded-outages embedded-lives embedded-others
embedded: postgres bin/leadflow-standalone bin/standalone.test bin/stages bin/report ## the tests that need the embedded server, without the race detector
	@bin/stages 'embedded-others embedded-clocks' 'embedded-lives embedded-outages embedded-parts'

embedded-clocks: PART = -test.run '$(EMBEDDED_CLOCKS)'
embedded-outages: PART = -test.run '$(EMBEDDED_OUTAGES)'
embedded-lives: PART = -test.run '$(EMBEDDED_LIVES)'
embedded-others: PART = -test.skip '$(EMBEDDED_CLOCKS)|$(EMBEDDED_OUTAGES)|$(EMBEDDED_LIVES)'
$(EMBEDDED_HOUSES): bin/leadflow-standalone bin/standalone.test bin/report
	@set -o pipefail; cd standalone && LEADFLOW_STANDALONE=../bin/leadflow-standalone go tool test2json -t -p github.com/leadflow-dev/leadflow/standalone \
		../bin/standalone.test -test.v=test2json -test.paniconexit0 -test.timeout 20m -test.parallel 8 $(PART) | ../bin/report

embedded-parts: bin/report # the rooms beside it, and vet
	@set -o pipefail; cd standalone && go vet ./... && go test -vet=off -json $$(go list ./... | grep /standalone/) | ../bin/report

bin/standalone.test: $(SOURCES) $(wildcard standalone/*_test.go)
	cd standalone && go test -c -vet=off -ldflags "-s -w" -o ../$@ .

browser: postgres bin/testpg bin/report ## the tests with Chromium; without one they are skipped (CI installs one)
	@tools/chromium.sh; set -o pipefail; cd e2e/browser && ../../bin/testpg go test -vet=all -json ./... | ../../bin/report

storm: postgres bin/leadflow bin/leadflow-standalone bin/report ## the crash test in its short form, and a restore drill
	@set -o pipefail; LEADFLOW_BIN=$(CURDIR)/bin go test -vet=off -count=1 -short -json ./e2e/chaos | bin/report

chaos: postgres bin/leadflow bin/leadflow-standalone ## the crash test for minutes, 10,000 mails and 5,000 handoffs among it, outages while deadlines pass, and the restore drill in all forms; ARGS='-seed 7 -load 10m -kills 100 -writers 8'
	LEADFLOW_BIN=$(CURDIR)/bin go test -count=1 -timeout 0 -v ./e2e/chaos -args $(or $(ARGS),-load 5m -kills 60 -rest 5m -mails 10000 -handoffs 5000)

outside: postgres bin/leadflow-standalone bin/report ## the built binary from outside: data of the previous release, a real log; what is learned from real data; a behaviour that is fitted to lives; 200 simulated lives
	@set -o pipefail; previous=$$(tools/previous.sh) && LEADFLOW_STANDALONE=$(CURDIR)/bin/leadflow-standalone LEADFLOW_PREVIOUS=$$previous \
		go test -p 1 -vet=off -count=1 -timeout 20m -json ./e2e/upgrade ./e2e/replay ./e2e/loop ./predict ./domain/fitting | bin/report
	@set -o pipefail; LEADFLOW_LIVES=200 go test -count=1 -vet=off -json -run TestSimulatedLives ./workflows | bin/report

replay: postgres bin/leadflow-standalone ## the real data whole: 13,087 cases of a log, in order, then shuffled and doubled, and 9,240 rows of a file; EVERY=13 takes each 13th
	LEADFLOW_STANDALONE=$(CURDIR)/bin/leadflow-standalone LEADFLOW_REPLAY_EVERY=$(or $(EVERY),1) go test -count=1 -timeout 0 -v -run TestReplay ./e2e/replay
	cd standalone && LEADFLOW_IMPORT_EVERY=$(or $(EVERY),1) go test -count=1 -timeout 0 -v -run TestXEducation .

example: postgres bin/leadflow-standalone bin/leadflow ## the worked example of docs/example.md on the real file, command by command
	LEADFLOW_STANDALONE=$(CURDIR)/bin/leadflow-standalone LEADFLOW_CLI=$(CURDIR)/bin/leadflow go test -count=1 -timeout 0 -v ./e2e/example

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
