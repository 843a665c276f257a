# The two commands of the README, and what they are made of. Nothing is needed but Go.

TOOL := go tool -modfile=.ci/tools.mod
BUILD := .build
OVERLAY := $(BUILD)/overlay/overlay.json

.PHONY: run test race lint bench replay-build test-replay

run: ## the main job: every scenario on both engines against the reference manager
	go run ./cmd/stormwatch run --engine both

test: ## every test
	go test ./...

race: ## every test under the race detector, which needs a C compiler
	go test -race ./...

lint: ## formatting, vet and staticcheck
	@files=$$($(TOOL) gofumpt -l cmd fakes harness manager scenarios); test -z "$$files" || { echo "not formatted by gofumpt:"; echo "$$files"; exit 1; }
	go vet ./...
	$(TOOL) staticcheck ./...

bench: ## the benchmarks
	go test -run '^$$' -bench . ./harness/...

# Replay builds are alike on every machine: the folder of the checkout is not in them, nor is what a C compiler would add.
replay-build: ## a command in which a seed replays exactly, switch by switch
	go run ./cmd/stormwatch overlay $(BUILD)/overlay
	CGO_ENABLED=0 go build -trimpath -overlay $(OVERLAY) -o $(BUILD)/stormwatch ./cmd/stormwatch
	$(BUILD)/stormwatch version

test-replay: ## ten seeds of every scenario, twenty times each, to the same digest; UPDATE=-update writes golden transcripts anew
	go run ./cmd/stormwatch overlay $(BUILD)/overlay
	STORMWATCH_REPLAY_BUILD=yes CGO_ENABLED=0 go test -trimpath -overlay $(OVERLAY) ./harness/replay
	CGO_ENABLED=0 go test -trimpath -overlay $(OVERLAY) ./cmd/stormwatch -run 'TestASeedReplays|TestTranscripts' -count 1 -timeout 30m -need-replay -seeds 10 -repeats 20 $(UPDATE)
