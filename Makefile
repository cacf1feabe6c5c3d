# Card kiosk. `make` lists what can be made.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

# What `make run` is to do besides: make run ARGS=--pcsc
ARGS ?=
# Which figures `make bench` prints; all when empty: make bench FIGURES="resident start-to-search"
FIGURES ?=
# How long each fuzz target runs.
FUZZTIME ?= 1m

# The public PIV test cards, where somebody has them. Tests run in folders of
# their own, from which a relative path would lead nowhere.
ifneq (,$(ICAM_CARDS))
override export ICAM_CARDS := $(abspath $(ICAM_CARDS))
endif

BUILD_PACKAGES := gcc libc6-dev pkg-config libpcsclite-dev
PCSC_PACKAGES  := pcscd vsmartcard-vpcd
TEST_PACKAGES  := $(BUILD_PACKAGES) $(PCSC_PACKAGES) iproute2 opensc yubico-piv-tool slapd ldap-utils samba samba-ad-provision samba-dsdb-modules samba-vfs-modules winbind ldb-tools openssl tmux mail-server openssh-server openssh-client sudo

.PHONY: help run test check bench golden fuzz build

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## start the kiosk on its demo world (ARGS=--pcsc: through pcscd)
	@.ci/go
ifneq (,$(findstring --pcsc,$(ARGS)))
	@.ci/packages "to reach a reader through pcscd" $(BUILD_PACKAGES) $(PCSC_PACKAGES)
	@go build -o .bin/kiosk ./cmd/kiosk
else
	@CGO_ENABLED=0 go build -o .bin/kiosk ./cmd/kiosk
endif
	@.bin/kiosk demo $(ARGS)

build: ## build ./kiosk with PC/SC
	@.ci/go
	@.ci/packages "to build with PC/SC" $(BUILD_PACKAGES)
	go build -trimpath -o kiosk ./cmd/kiosk

test: ## run every test, on real servers, with the race detector
	@.ci/go
	@.ci/packages "by the tests" $(TEST_PACKAGES)
	go vet ./...
	go test -race -timeout 40m ./...

check: ## format, vet and lint
	@.ci/go
	@.ci/packages "to compile what is checked" $(BUILD_PACKAGES)
	@[ -x .bin/golangci-lint ] || (echo "Installing golangci-lint into .bin"; GOBIN=$(CURDIR)/.bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0)
	.bin/golangci-lint run ./...
	.bin/golangci-lint fmt --diff ./...
	go mod verify

bench: ## print the figures (FIGURES="name …" for some), each with its goal
	@.ci/go
	@.ci/packages "by the benchmarks" $(BUILD_PACKAGES) $(PCSC_PACKAGES) slapd openssh-server openssh-client
	@FIGURES="$(FIGURES)" go test -count=1 -run '^$$' -bench '^BenchmarkFigures' -benchtime=1x -timeout 90m ./cmd/kiosk \
		| { grep -vE '^(goos:|goarch:|pkg:|cpu:|Benchmark|PASS|ok |exit status)' || true; }

golden: ## write the golden files anew; read the diff before committing
	@.ci/go
	@.ci/packages "to compile the tests" $(BUILD_PACKAGES)
	go test ./engine ./engine/words ./engine/due ./engine/config ./engine/store ./cmd/kiosk -run 'Golden|Table|Plans|Findings|Imports|Frames|Sample|Journal' -update
	@git --no-pager diff --stat -- testdata

fuzz: ## run every fuzz target for FUZZTIME (1m) each
	@.ci/go
	@.ci/packages "to compile the tests" $(BUILD_PACKAGES)
	@for package in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$package 2>/dev/null | grep '^Fuzz' || true); do \
			echo "fuzz $$package $$target for $(FUZZTIME)"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package; \
		done; \
	done
