# The two commands of the README, and what they are made of. Nothing is needed but Go.

TOOL := go tool -modfile=.ci/tools.mod

.PHONY: run test race lint bench

run: ## the main job: every scenario against the reference manager
	go run ./cmd/stormwatch run

test: ## every test
	go test ./...

race: ## every test under the race detector, which needs a C compiler
	go test -race ./...

lint: ## formatting, vet and staticcheck
	@files=$$($(TOOL) gofumpt -l .); test -z "$$files" || { echo "not formatted by gofumpt:"; echo "$$files"; exit 1; }
	go vet ./...
	$(TOOL) staticcheck ./...

bench: ## the benchmarks
	go test -run '^$$' -bench . ./harness/...
