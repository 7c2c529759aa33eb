# make check runs everything that must pass before a change is merged.

GO ?= go
# The end-to-end tests take minutes, and more on a busy machine.
TIMEOUT ?= 40m
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)

.PHONY: check build fmt vet cross vulnerabilities lint test race deployment fuzz bench soak release archives reproducible clean

# A reproducible build: the same sources and the same Go version give the same bytes. It
# contains no paths, no state of the working copy, and no processor-specific instructions.
STATIC = CGO_ENABLED=0 GOAMD64=v1 GOARM64=v8.0 GOARM=6 $(GO) build -trimpath -buildvcs=false -ldflags "-s -w -buildid= -X main.version=$(VERSION)"

check: fmt vet cross vulnerabilities lint build test race deployment

build:
	$(STATIC) -o absorb-bridge ./cmd/absorb-bridge

fmt:
	@test -z "$$(gofmt -l .)" || { echo "gofmt these files:"; gofmt -l .; exit 1; }

vet:
	$(GO) vet ./...

# Other platforms to vet: one for each system and word size.
CROSS ?= windows/amd64 freebsd/amd64 darwin/arm64 linux/386
cross:
	@set -e; for platform in $(CROSS); do \
		echo "vet for $$platform"; GOOS=$${platform%/*} GOARCH=$${platform#*/} CGO_ENABLED=0 $(GO) vet ./...; \
	done

# Known vulnerabilities of the linked modules, from the database of the Go project. If it
# cannot be reached, only the modules' checksums in go.sum are verified.
VULNDB ?= https://vuln.go.dev
GOVULNCHECK = golang.org/x/vuln/cmd/govulncheck@v1.9.0
vulnerabilities:
	@if curl -fsS --max-time 20 -o /dev/null $(VULNDB)/index/db.json; then \
		$(GO) run $(GOVULNCHECK) -db $(VULNDB) ./...; \
	else \
		echo "$(VULNDB) cannot be reached: skipping the check for known vulnerabilities"; $(GO) mod verify; \
	fi

# Code by the rules of .golangci.yml, and text by those of .vale. Building both tools takes
# some minutes the first time.
LINT = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
VALE = github.com/vale-cli/vale/v3/cmd/vale@v3.21.0
PROSE = $(shell git ls-files '*.md' 'configs/*.yaml' 'templates/*.yaml')
lint:
	$(GO) run $(VALE) $(PROSE)
	$(GO) run $(LINT) run ./...
	cd deploy/test && $(GO) run $(LINT) run ./...

test:
	$(GO) test -timeout $(TIMEOUT) ./...

# Tests the packages that have goroutines, locks or atomic values (a sync.Once alone does not
# count). The tests of bridge/gateway run a complete bridge in one process, including the
# pages, so e2e would add nothing. With -short, tests with many rounds or without concurrency
# do less; make test runs them fully. The detector instruments every package: one without
# instrumentation has its own copies of generic functions, such as those of sync.Map, and
# the detector then reports false races.
RACE = $(shell grep -rlE --include='*.go' --exclude='*_test.go' '\.Go\b|\bgo func|sync\.[A-NP-Z]|atomic\.' bridge cmd internal sinks | xargs -n1 dirname | sort -u | sed 's|^|./|')
race:
	$(GO) test -race -short -vet=off -timeout $(TIMEOUT) $(RACE) ./bridge/render

# Tests the Helm chart, the Compose file and the image. A separate module has the dependencies
# for this; building Helm takes some minutes the first time. -count=1 disables the test
# cache, because the go command does not know that Helm reads the chart.
deployment:
	cd deploy/test && $(GO) vet ./... && $(GO) test -count=1 ./...

# Runs each fuzz target for FUZZTIME, for example: make fuzz FUZZTIME=1m
FUZZTIME ?= 10s
fuzz:
	@set -e; work=$$(mktemp -d); trap 'rm -rf $$work' EXIT; \
	for dir in $$(grep -rl --include='*_test.go' '^func Fuzz' bridge sinks docs | xargs -n1 dirname | sort -u); do \
		$(GO) test -c -fuzz . -o $$work/fuzz ./$$dir; corpus=$$($(GO) env GOCACHE)/fuzz/$$($(GO) list ./$$dir); \
		for target in $$(cd $$dir && $$work/fuzz -test.list '^Fuzz' | grep '^Fuzz'); do \
			echo "$$dir $$target"; \
			(cd $$dir && $$work/fuzz -test.run '^$$' -test.fuzz "^$$target\$$" -test.fuzztime $(FUZZTIME) -test.fuzzminimizetime 1x -test.fuzzcachedir $$corpus); \
		done; \
	done

# Measures the numbers in docs/benchmarks.md.
bench:
	$(GO) test -run '^$$' -bench . -benchtime 1x -timeout 30m ./e2e

# Runs an hour of events and failures, and draws docs/soak.svg. Shorter: make soak SOAK=5m
SOAK ?= 1h
soak:
	SOAK=$(SOAK) SOAK_GRAPH=$(CURDIR)/docs/soak.svg $(GO) test -run TestSoak -count 1 -v -timeout 4h ./e2e

# Writes a release to $(DIST): for each platform an archive and a list of the modules in its
# binary (CycloneDX), and the checksums of all files: make release VERSION=v1.2.3
# The lists contain no time and no serial number. They contain the checksum of the tool that
# wrote them; it is built reproducibly, so it is the same on machines of the same platform.
PLATFORMS ?= linux/amd64 linux/arm64 linux/arm linux/386 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64 freebsd/amd64
DIST ?= dist
SBOM = github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0
release: archives
	@set -e; for archive in $(DIST)/*.tar.gz; do \
		name=$$(basename $$archive .tar.gz); echo "$$name.cdx.json"; \
		tar -xzf $$archive -C $(DIST); program=$$(ls $(DIST)/$$name/absorb-bridge*); \
		CGO_ENABLED=0 GOAMD64=v1 GOARM64=v8.0 $(GO) run -trimpath $(SBOM) bin -json -noserial -notimestamp -version $(VERSION) -output $(DIST)/$$name.cdx.json $$program 2>/dev/null; \
		rm -r $(DIST)/$$name; \
	done
	cd $(DIST) && sha256sum * > SHA256SUMS

# Needs GNU tar.
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct)
archives:
	rm -rf $(DIST)
	@set -e; for platform in $(PLATFORMS); do \
		os=$${platform%/*}; arch=$${platform#*/}; name=absorb-bridge_$(VERSION)_$${os}_$$arch; echo "$$name.tar.gz"; \
		suffix=; [ $$os != windows ] || suffix=.exe; \
		mkdir -p $(DIST)/$$name; \
		GOOS=$$os GOARCH=$$arch $(STATIC) -o $(DIST)/$$name/absorb-bridge$$suffix ./cmd/absorb-bridge; \
		$(GO) run ./deploy/notices ./cmd/absorb-bridge $$platform > $(DIST)/$$name/NOTICES.txt; \
		cp -r README.md CHANGELOG.md SECURITY.md LICENSE docs configs templates $(DIST)/$$name; \
		mkdir $(DIST)/$$name/deploy; cp -r deploy/compose deploy/helm deploy/systemd $(DIST)/$$name/deploy; \
		tar --sort=name --mtime=@$(SOURCE_DATE_EPOCH) --owner=0 --group=0 --numeric-owner --mode=u+rw,go+r-w,a+X --format=ustar -C $(DIST) -cf - $$name | gzip -n -9 > $(DIST)/$$name.tar.gz; \
		rm -r $(DIST)/$$name; \
	done

# Builds a release here, builds it again in another folder with an empty build cache, and
# compares the two.
reproducible:
	@set -e; work=$$(mktemp -d); trap 'rm -rf $$work' EXIT; \
		$(MAKE) --no-print-directory release PLATFORMS=linux/amd64 VERSION=v0.0.0 DIST=$$work/one; \
		mkdir $$work/elsewhere; git ls-files -z | tar --null -T - -cf - | tar -xf - -C $$work/elsewhere; \
		GOCACHE=$$work/cache $(MAKE) --no-print-directory -C $$work/elsewhere release PLATFORMS=linux/amd64 VERSION=v0.0.0 DIST=$$work/two SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH); \
		diff -r $$work/one $$work/two && echo "both are identical"

clean:
	rm -rf absorb-bridge dist
