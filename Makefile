SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

# The binaries are built, and the modules tested, each with its own versions of
# libraries: go.work is for editors.
export GOWORK := off

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
CADDY_VERSION := v2.11.9
MODULES := state plugin-route53sim caddy-edgeguard integration builds/coredns builds/caddy
SOURCES := $(shell find state plugin-route53sim builds/coredns -name '*.go' -not -name '*_test.go' -o -name go.mod)
EDGE_SOURCES := $(shell find state caddy-edgeguard builds/caddy -name '*.go' -not -name '*_test.go' -o -name go.mod)
TOOL := go -C $(CURDIR)/builds/tools tool

# Build both binaries and run the tests.
all: build test

# Build bin/coredns and bin/caddy where they are older than their sources.
build: bin/coredns bin/caddy

COREDNS_LDFLAGS := -s -w -X main.version=$(VERSION)
CADDY_LDFLAGS := -X github.com/caddyserver/caddy/v2.CustomVersion=$(CADDY_VERSION)+edgestage.$(VERSION)

bin/coredns: $(SOURCES)
	go -C builds/coredns build -trimpath -ldflags '$(COREDNS_LDFLAGS)' -o $(CURDIR)/$@ .

bin/caddy: $(EDGE_SOURCES)
	XCADDY_GO_BUILD_FLAGS="-trimpath -tags nobadger,nomysql,nopgx -ldflags '-s -w $(CADDY_LDFLAGS)'" \
	$(TOOL) xcaddy build $(CADDY_VERSION) --output $(CURDIR)/$@ \
		--with github.com/edgestage/edgestage/caddy-edgeguard@v0.0.0=$(CURDIR)/caddy-edgeguard \
		--replace github.com/edgestage/edgestage/state=$(CURDIR)/state

# Build both binaries with the race detector, as tests use them in CI.
build-race: bin/race/coredns bin/race/caddy

bin/race/coredns: $(SOURCES)
	go -C builds/coredns build -race -ldflags '-X main.version=$(VERSION)' -o $(CURDIR)/$@ .

bin/race/caddy: $(EDGE_SOURCES)
	go -C builds/caddy build -race -tags nobadger,nomysql,nopgx -ldflags '$(CADDY_LDFLAGS)' -o $(CURDIR)/$@ .

# Start the pair on the example data, on loopback; Ctrl-C stops it.
run: build
	builds/run

# Run all tests: unit tests with the race detector, then the pair from outside.
test: test-unit test-integration

test-unit:
	for m in state plugin-route53sim caddy-edgeguard; do echo "== $$m"; go -C $$m test -race -timeout 30m ./...; done

test-integration: build
	go -C integration test -count=1 -timeout 45m ./...

# The same with binaries that detect races.
test-integration-race: build-race
	EDGESTAGE_BIN=$(CURDIR)/bin/race go -C integration test -count=1 -timeout 45m ./...

# Fuzz every decoder for FUZZTIME each.
FUZZTIME ?= 20s
fuzz:
	for m in state plugin-route53sim caddy-edgeguard; do \
		for p in $$(cd $$m && grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u); do \
			for f in $$(cd $$m && go test -list '^Fuzz' $$p | grep '^Fuzz'); do \
				echo "== $$m/$$p $$f"; go -C $$m test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x $$p; \
			done; \
		done; \
	done

# Measure against the budgets: propagation, CPU and memory of the servers.
bench: build
	go -C state test -run '^$$' -bench . -benchtime 1000x ./node
	go -C plugin-route53sim test -run '^$$' -bench . -benchmem ./...
	go -C integration test -count=1 -run '^$$' -bench . -benchtime 1x -timeout 30m ./...

# Formatting, vet, staticcheck, go.mod files that are not tidy, known
# vulnerabilities.
lint:
	bad=$$(git ls-files '*.go' | xargs gofmt -l); [ -z "$$bad" ] || { echo "not gofmt-ed:"; echo "$$bad"; exit 1; }
	for m in $(MODULES); do echo "== vet $$m"; go -C $$m vet ./...; done
	for m in $(MODULES) builds/tools; do echo "== tidy $$m"; go -C $$m mod tidy -diff; done
	go -C builds/tools build -o $(CURDIR)/bin/tools/ tool
	for m in $(MODULES); do echo "== staticcheck $$m"; (cd $$m && $(CURDIR)/bin/tools/staticcheck ./...); done
	builds/vulncheck $(MODULES)

# Remove what was built and what the pair has stored.
clean:
	rm -rf bin var

.PHONY: all build build-race run test test-unit test-integration test-integration-race fuzz bench lint clean
