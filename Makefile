# make check runs everything that must pass before a change lands.

GO ?= go
# The end-to-end tests take minutes, and more on a busy machine.
TIMEOUT ?= 40m
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)

.PHONY: check build fmt vet test race deployment fuzz bench clean

check: fmt vet build test race deployment

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o absorb-bridge ./cmd/absorb-bridge

fmt:
	@test -z "$$(gofmt -l .)" || { echo "gofmt these files:"; gofmt -l .; exit 1; }

vet:
	$(GO) vet ./...

test:
	$(GO) test -timeout $(TIMEOUT) ./...

race:
	$(GO) test -race -timeout $(TIMEOUT) ./...

# The Helm chart and the compose file. Their readers are dependencies of a module of
# its own; building Helm takes some minutes the first time. -count=1: the go command
# does not see that Helm reads the chart.
deployment:
	cd deploy/test && $(GO) vet ./... && $(GO) test -count=1 ./...

# Each fuzz target for a while, longer by: make fuzz FUZZTIME=1m
FUZZTIME ?= 10s
fuzz:
	@set -e; for pkg in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "$$pkg $$target"; $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x $$pkg; \
		done; \
	done

# What docs/benchmarks.md reports.
bench:
	$(GO) test -run '^$$' -bench . -benchtime 1x -timeout 30m ./e2e

clean:
	rm -rf absorb-bridge dist
