# perfgate: `make help` lists the targets. Everything is built below build/<flavour>/.

FLAVOUR ?= release
BUILD ?= build/$(FLAVOUR)
ifeq ($(origin CC),default)
CC = gcc
endif
PREFIX ?= /usr/local
Q = $(if $(V),,@)
say = @$(if $(V),:,printf '  %-7s %s\n')

PACKAGES = libcurl libgit2 yaml-0.1 jansson libxml-2.0 libpq hiredis libmicrohttpd zlib
# Expanded once, and only when something is compiled: `make deps` must work without pkg-config.
PKG_CFLAGS = $(eval PKG_CFLAGS := $(shell pkg-config --cflags $(PACKAGES)))$(PKG_CFLAGS)
PKG_LIBS = $(eval PKG_LIBS := $(shell pkg-config --libs $(PACKAGES)))$(PKG_LIBS)

VERSION = 0.1.0
# Of that version; in the manual pages.
RELEASED = November 23, 2026
WARN = -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wformat=2 -Wvla -Wstrict-prototypes \
	-Wmissing-prototypes -Wold-style-definition -Wundef -Wpointer-arith -Wcast-qual -Wwrite-strings \
	-Wimplicit-fallthrough
HARDEN = -fstack-protector-strong -fstack-clash-protection -fPIE
CET_x86_64 = -fcf-protection=full
LDHARDEN = -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed
OPT_release = -O2 -g -D_FORTIFY_SOURCE=2
OPT_asan = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
OPT_tsan = -O1 -g -fno-omit-frame-pointer -fsanitize=thread
LD_asan = -fsanitize=address,undefined
LD_tsan = -fsanitize=thread
WERROR = $(if $(CI),-Werror)

CPPFLAGS += -Iinclude -D_GNU_SOURCE -DPERFGATE_VERSION='"$(VERSION)"' \
	-DPERFGATE_DATE='"$(RELEASED)"'
CFLAGS += -std=gnu17 $(OPT_$(FLAVOUR)) $(WARN) $(WERROR) $(HARDEN) $(CET_$(shell uname -m)) -pthread
LDFLAGS += $(LDHARDEN) $(LD_$(FLAVOUR)) -pthread
# Debian's libwslay has no file for pkg-config.
LDLIBS = $(PKG_LIBS) -lwslay -lm

FOLDERS ?= $(filter-out README.md main.c,$(notdir $(wildcard src/*)))
SOURCES := $(foreach folder,$(FOLDERS),$(wildcard src/$(folder)/*.c))
OBJECTS := $(SOURCES:src/%.c=$(BUILD)/%.o) $(BUILD)/embedded.o
TEMPLATES := $(shell find templates -type f 2>/dev/null | LC_ALL=C sort)
UNIT := $(foreach folder,$(FOLDERS),$(wildcard tests/unit/$(folder)/test_*.c))
UNIT_BINARIES := $(UNIT:tests/unit/%.c=$(BUILD)/unit/%)
HARNESS_BINARIES := $(patsubst tests/harness/%.c,$(BUILD)/harness/%,$(wildcard tests/harness/*.c))
HARNESS_BINARIES := $(HARNESS_BINARIES:%/fail_alloc=%/fail_alloc.so)

.PHONY: all
all: $(BUILD)/perfgate $(BUILD)/man/perfgate.1 ## build the release binary, build/release/perfgate (the default)

$(BUILD)/perfgate: $(BUILD)/main.o $(BUILD)/libperfgate.a
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# One of them stands for all.
$(BUILD)/man/perfgate.1: $(BUILD)/perfgate
	$(say) MANUAL $(@D)
	$(Q)rm -rf $(@D) && $< help --manual $(@D)

$(BUILD)/libperfgate.a: $(OBJECTS)
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/%.o: src/%.c
	$(say) CC $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# The templates travel inside the binary: one row per file.
$(BUILD)/embedded.c: $(TEMPLATES) src/template/embed.sh
	$(say) EMBED templates
	$(Q)mkdir -p $(@D)
	$(Q)sh src/template/embed.sh $(TEMPLATES) >$@.tmp && mv $@.tmp $@

$(BUILD)/embedded.o: $(BUILD)/embedded.c
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/libperfgate.a
	$(say) CC $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -Itests/harness $(PKG_CFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< \
		$(BUILD)/libperfgate.a $(LDLIBS) -lcmocka

$(BUILD)/harness/%: tests/harness/%.c
	$(say) CC $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< -lm

# To be preloaded.
$(BUILD)/harness/%.so: tests/harness/%.c
	$(say) CC $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(filter-out -fPIE,$(CFLAGS)) -fPIC -shared -MMD -MP -o $@ $<

.PHONY: unit harness
unit: $(UNIT_BINARIES)
harness: $(HARNESS_BINARIES)

# --- what people call -----------------------------------------------------------------------------

# The one list of packages (Debian 12 and Ubuntu 24.04): to build and run, to test, to lint.
# What is only run needs, besides the libraries of the binary, and what building needs.
DEPS_SERVE = git ca-certificates postgresql redis-server
DEPS_RUN = $(DEPS_SERVE) gcc make pkg-config libcurl4-openssl-dev libgit2-dev libyaml-dev libjansson-dev \
	libxml2-dev libpq-dev libhiredis-dev libmicrohttpd-dev libwslay-dev zlib1g-dev
DEPS_TEST = libcmocka-dev bats perl curl jq procps strace python3 libxml2-utils nginx-light tmux locales openssl util-linux iproute2 openssh-client \
	python3-jsonschema unzip promtool=prometheus zsh fish \
	$(CHROMIUM)
DEPS_BENCH = nginx-light wrk valgrind strace nghttp2-client apache2-utils hey node=nodejs npm=npm python3 util-linux procps \
	python3-fastapi uvicorn python3-uvloop python3-httptools python3-asyncpg python3-redis
# PROGRAM=PACKAGE: not needed where the program is there from elsewhere.
DEPS_LINT = clang clang-format shellcheck yamllint mandoc node=nodejs npm=npm java=default-jre-headless
# Ubuntu has it as a snap behind another name.
CHROMIUM = $(if $(shell apt-cache policy chromium 2>/dev/null | grep 'Candidate: [0-9]'),chromium,chromium-browser)
SUDO = $(if $(filter 0,$(shell id -u)),,sudo)
INSTALL_ENV = env DEBIAN_FRONTEND=noninteractive
# Asks the package manager only for what is missing, and for nothing when all is there.
define install_missing
	$(Q)missing=; for p in $(1); do \
		case $$p in *=*) command -v $${p%%=*} >/dev/null && continue; p=$${p#*=} ;; esac; \
		dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; \
	done; \
	if [ -n "$$missing" ]; then \
		echo "installing:$$missing"; \
		$(SUDO) $(INSTALL_ENV) apt-get update -qq && \
		$(SUDO) $(INSTALL_ENV) apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	fi
endef

.PHONY: deps deps-test deps-lint deps-bench
deps: ## install the packages that building and running need
	$(call install_missing,$(DEPS_RUN))

deps-test: deps ## install what `make test` needs on top
	$(call install_missing,$(DEPS_TEST))

deps-lint: deps-test ## install what `make lint` and `make asan` need on top
	$(call install_missing,$(DEPS_LINT))

deps-bench: deps ## install the peers of `make bench`
	$(call install_missing,$(DEPS_BENCH))

# Debian's names for the libraries come from the binary; those that they need come with them.
MULTIARCH = $(shell gcc -print-multiarch)
.PHONY: runtime-packages
runtime-packages: all ## print the packages of a machine that only runs the binary
	@{ printf '%s\n' $(DEPS_SERVE); \
		readelf -d $(BUILD)/perfgate | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | while read -r library; do \
			dpkg-query -S "*/$(MULTIARCH)/$$library" | sed -n '1s/[:,].*//p'; done; } | LC_ALL=C sort -u

# A second make: what pkg-config says is known only once the packages are there.
.PHONY: demo
demo: deps ## install what is missing, build, run the quick gate on the reference API
	$(Q)$(MAKE) --no-print-directory all
	$(BUILD)/perfgate check --quick

.PHONY: test
test: deps-test ## install what is missing, build, run every test
	$(Q)$(MAKE) --no-print-directory all unit harness
	$(Q)tests/run $(BUILD)

.PHONY: check
check: all unit harness ## run every test, installing nothing
	$(Q)tests/run $(BUILD)

.PHONY: asan tsan
asan: ## run the unit tests and the command tests with AddressSanitizer and UBSan
	$(Q)$(MAKE) --no-print-directory FLAVOUR=asan all unit harness
	$(Q)tests/run build/asan unit cli

tsan: ## run the unit tests with ThreadSanitizer
	$(Q)$(MAKE) --no-print-directory FLAVOUR=tsan unit
	$(Q)tests/run build/tsan unit

NODE_TOOLS = build/node
C_FILES = $(shell find src include tests -name '*.[ch]')
# Parts that do not need each other, so that `make -j` runs them side by side.
LINTS = lint-format lint-clang lint-shell lint-manual lint-generated lint-hlog lint-report
.PHONY: lint lint-modules $(LINTS)
lint: $(LINTS) ## check style, both compilers, scripts and generated files

lint-format:
	$(say) FORMAT "$(words $(C_FILES)) files"
	$(Q)clang-format --dry-run -Werror $(C_FILES)

lint-clang:
	$(Q)$(MAKE) --no-print-directory CC=clang CI=1 BUILD=build/clang all unit harness

lint-shell:
	$(say) LINT scripts
	$(Q)shellcheck -x .ci/run tests/run $$(grep -rlE '^#!.*(bash|/sh)' tests/meta tests/lint src/template)
	$(Q)shellcheck -s bash templates/completion/perfgate.bash
	$(Q)zsh -n templates/completion/perfgate.zsh && fish -n templates/completion/perfgate.fish

lint-manual: all
	$(say) LINT manual
	$(Q)mandoc -Tlint -Wwarning $(BUILD)/man/*

lint-modules:
	$(Q)bash tests/lint/install-modules.sh $(NODE_TOOLS)

lint-generated lint-hlog lint-report: all lint-modules
	$(say) LINT $(@:lint-%=%)
	$(Q)PERFGATE=$(CURDIR)/$(BUILD)/perfgate bash tests/lint/$@.sh $(NODE_TOOLS)

.PHONY: format
format: ## format every C file
	clang-format -i $(C_FILES)

.PHONY: bench
bench: deps deps-bench ## measure perfgate itself; prints the figures that README quotes
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/bench/run $(BUILD)/perfgate

.PHONY: bench-api
bench-api: deps deps-bench ## measure the reference API beside libmicrohttpd and FastAPI
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/bench/api/run $(BUILD)/perfgate

.PHONY: bench-verdict
bench-verdict: $(BUILD)/bench/verdict ## measure what a verdict costs, and how often simulated ones are right
	$(Q)$<

$(BUILD)/bench/%: tests/bench/%.c $(BUILD)/libperfgate.a
	$(say) CC $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -Itests/unit/verdict $(PKG_CFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< \
		$(BUILD)/libperfgate.a $(LDLIBS)

.PHONY: bench-baseline
bench-baseline: deps-test ## measure baselines: reading among 10,000 notes, many writers and clones
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/bench/baseline/run $(BUILD)/perfgate

.PHONY: regen-golden
regen-golden: all unit ## rewrite the golden files from what the program prints now
	$(Q)REGEN_GOLDEN=1 tests/run $(BUILD) unit >/dev/null
	$(Q)git diff --stat tests/golden README.md

.PHONY: install
install: all ## install program, manual pages and completions below PREFIX (/usr/local)
	$(Q)mkdir -p "$(DESTDIR)$(PREFIX)/bin" 2>/dev/null; \
	[ -w "$(DESTDIR)$(PREFIX)/bin" ] || as=$(SUDO); \
	put() { $$as install -D -m "$$1" "$$2" "$(DESTDIR)$(PREFIX)/$$3"; }; \
	put 755 $(BUILD)/perfgate bin/perfgate && \
	put 644 templates/completion/perfgate.bash share/bash-completion/completions/perfgate && \
	put 644 templates/completion/perfgate.zsh share/zsh/site-functions/_perfgate && \
	put 644 templates/completion/perfgate.fish share/fish/vendor_completions.d/perfgate.fish && \
	put 644 templates/config/suite.yml share/doc/perfgate/suite.yml && \
	for page in $(BUILD)/man/*.[15]; do \
		put 644 $$page share/man/man$${page##*.}/$${page##*/} || exit; \
	done

.PHONY: clean
clean: ## delete build/
	rm -rf build

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 22

-include $(OBJECTS:.o=.d) $(BUILD)/main.d $(UNIT_BINARIES:=.d) $(HARNESS_BINARIES:=.d) $(BUILD)/bench/verdict.d
