# The targets people type. Each is a line or two of what CMake, CTest and the scripts beside the sources do.
MAKEFLAGS += --no-print-directory
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
# The steps of a build are shown to a person, not written into a log.
QUIET = $(if $(MAKE_TERMOUT),,-- --quiet)
CPP = $(shell find src tests fuzz bench -name '*.h' -o -name '*.cpp')

.PHONY: help demo test bench release install lint fmt fmt-check fuzz packages clean
.DEFAULT_GOAL := help

help:
	@echo 'make demo      build, then replay a recorded day of a mail host, ask and verify its ledger'
	@echo 'make test      build with sanitizers, run every test and a short fuzz run'
	@echo 'make bench     measure against ausearch, laurel and SQLite'
	@echo 'make release   build/release/mailvigil'
	@echo 'make install   release, installed below PREFIX ($(PREFIX)); DESTDIR is honoured'
	@echo 'make lint      clang-tidy over every source (FILES="a.cpp b.cpp" for some)'
	@echo 'make fmt       clang-format over every source; fmt-check only says what differs'
	@echo 'make fuzz      build the fuzz targets'
	@echo 'make packages  install the Debian packages that the build needs'
	@echo 'make clean     remove build/'

demo: release
	@tools/demo build/release/mailvigil

test: packages
	@cmake --preset dev --log-level=WARNING > /dev/null
	@cmake --build --preset dev --parallel $(JOBS) $(QUIET)
	@ctest --preset dev --parallel $(JOBS) --progress
	@fuzz/run-short

release: packages
	@cmake --preset release --log-level=WARNING > /dev/null
	@cmake --build --preset release --parallel $(JOBS) $(QUIET)

bench: release
	@packaging/install-packages packaging/bench-packages.txt
	@cmake --preset bench --log-level=WARNING > /dev/null
	@cmake --build --preset bench --parallel $(JOBS) --target bench_programs $(QUIET)
	@bench/replay-ratio build/release/mailvigil build/bench/bench
	@build/bench/bench/evidence_bench build/release/mailvigil

install: release
	@cmake --install build/release --prefix $(PREFIX)

lint: packages
	@cmake --preset lint --log-level=WARNING > /dev/null
	@printf '%s\n' $(or $(FILES),$(filter %.cpp,$(filter-out fuzz/% bench/%,$(CPP)))) | \
	    xargs -P $(JOBS) -n 4 clang-tidy-19 --quiet -p build/lint

fmt:
	@clang-format-19 -i $(CPP)

fmt-check:
	@clang-format-19 --dry-run -Werror $(CPP)

fuzz: packages
	@cmake --preset fuzz --log-level=WARNING > /dev/null
	@cmake --build --preset fuzz --parallel $(JOBS) --target fuzz_targets $(QUIET)

packages:
	@packaging/install-packages packaging/build-packages.txt

clean:
	@rm -rf build
