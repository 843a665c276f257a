# The two commands of the README, and their parts. They need nothing but Go.

TOOL := go tool -modfile=.ci/tools.mod
BUILD := .build
OVERLAY := $(BUILD)/overlay/overlay.json

# Packages with goroutines of our own on real sockets, disks and clocks, where the race detector finds what virtual time cannot show.
RACE := ./harness/embedded ./harness/point ./harness/link ./harness/rpc ./harness/record ./manager/...

.PHONY: run matrix docs docs-picture test test-wild race race-all lint bench replay-build test-replay test-replay-soak

run: ## the main job: every scenario on both engines against the reference manager
	go run ./cmd/stormwatch run --engine all

matrix: ## every scenario with every manager: whether each flawed manager is caught by the oracle that names its mistake
	go run ./cmd/stormwatch matrix

docs: ## the pages of the scenarios, the matrix, and the picture of the README: what docs has of runs; it takes a little longer than matrix
	go run ./cmd/docs docs

docs-picture: ## the picture of the README alone: docs/page-hung-leader.svg
	go run ./cmd/docs picture docs

test: ## every test, those of the examples too, which are a module of their own; not those of examples/wild
	go test -timeout 30m ./...
	cd examples && go test ./...

# Four minutes on two cores. The first time it also downloads and builds Kubernetes' storage and go-zero, which takes another three.
test-wild: ## the tests over libraries that people use today: examples/wild
	cd examples/wild && go vet ./... && go test -timeout 30m ./...

race: ## the tests for which the race detector pays, as CI runs them; it needs a C compiler
	go test -race $(RACE)

race-all: ## every test under the race detector
	go test -race ./...

lint: ## formatting, vet, staticcheck, and the workflows
	@files=$$($(TOOL) gofumpt -l cmd examples fakes harness manager scenarios); test -z "$$files" || { echo "not formatted by gofumpt:"; echo "$$files"; exit 1; }
	go vet ./...
	cd examples && go vet ./...
	$(TOOL) staticcheck ./...
	$(TOOL) actionlint -shellcheck= -pyflakes= .github/workflows/*.yaml

bench: ## the benchmarks
	go test -run '^$$' -bench . ./harness/...

# Replay builds are identical on every machine: with these flags they contain neither the path of the checkout nor code of a C compiler.
replay-build: ## a command in which a seed replays exactly, down to each goroutine switch
	go run ./cmd/stormwatch overlay $(BUILD)/overlay
	CGO_ENABLED=0 go build -trimpath -overlay $(OVERLAY) -o $(BUILD)/stormwatch ./cmd/stormwatch
	$(BUILD)/stormwatch version

# How much test-replay runs: seeds of every scenario, and how often each.
SEEDS ?= 10
REPEATS ?= 5

test-replay: ## SEEDS seeds of every scenario, REPEATS times each, to the same digest; UPDATE=-update writes golden transcripts anew
	go run ./cmd/stormwatch overlay $(BUILD)/overlay
	STORMWATCH_REPLAY_BUILD=yes CGO_ENABLED=0 go test -trimpath -overlay $(OVERLAY) ./harness/replay
	CGO_ENABLED=0 go test -trimpath -overlay $(OVERLAY) ./cmd/stormwatch -run 'TestASeedReplays|TestTranscripts' -count 1 -timeout 30m -need-replay -seeds $(SEEDS) -repeats $(REPEATS) $(UPDATE)

# How many drawn schedules test-replay-soak replays. The full check is DRAWN=500 REPEATS=10.
DRAWN ?= 50

test-replay-soak: ## DRAWN drawn schedules, REPEATS times each, each time in other surroundings (paths, variables, load), to the same digest
	go run ./cmd/stormwatch overlay $(BUILD)/overlay
	CGO_ENABLED=0 go test -trimpath -overlay $(OVERLAY) ./cmd/stormwatch -run TestADrawnScheduleReplays -count 1 -timeout 12h -need-replay -drawn $(DRAWN) -repeats $(REPEATS)
