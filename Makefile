# make run   sets up all it needs and serves a whole demonstration on this machine
# make test  sets up what the checks need and runs every one
SHELL := /bin/bash
PYTHON ?= python3
PORT ?= 8080
# Real ZIM books made elsewhere, shown by `make run` and read by the tests when they are there.
REAL_BOOKS ?= ../shared/data/zim
BIN := .venv/bin
DEMO_BOOKS := .run/recipes/real-books
# Python that runs on the kiosk and belongs to no release.
SCRIPTS := provisioning/device/kiosk-release
# That runs on the laptop, in ansible, which says nothing of its types.
PLUGINS := provisioning/image/connection/tree.py provisioning/image/inside.py
CATALOGUES := $(wildcard kiosk/locale/*/LC_MESSAGES/kiosk.po)

.PHONY: run test lint types contracts unit faults bench-updates bench-books bench-memory bench-portal bench-book-search screenshots setup setup-test bundle wheels debs image lock clean appliance appliance-long appliance-long-again machines

run: setup
	@provisioning/development/apt-packages optional ffmpeg fonts-dejavu-core fonts-lohit-deva kiwix-tools librsvg2-bin \
	  poppler-utils zim-tools
	@if [ -d "$(REAL_BOOKS)" ]; then \
	  mkdir -p $(DEMO_BOOKS) && cp tests/recipes/real-books/pack.yaml $(REAL_BOOKS)/*.zim $(DEMO_BOOKS)/ \
	    && chmod -R u+w $(DEMO_BOOKS); \
	else rm -rf $(DEMO_BOOKS); fi
	@exec $(BIN)/kiosk demo --port $(PORT) content-packs/* $$(ls -d $(DEMO_BOOKS) 2>/dev/null)

test: setup-test
	@$(MAKE) --no-print-directory lint types contracts unit

lint:
	$(BIN)/ruff format --check kiosk tests $(SCRIPTS) $(PLUGINS)
	$(BIN)/ruff check kiosk tests $(SCRIPTS) $(PLUGINS)
	$(BIN)/yamllint --strict .
types:
	$(BIN)/mypy
	$(BIN)/mypy --strict $(SCRIPTS)
contracts:
	$(BIN)/lint-imports
unit:
	$(BIN)/pytest --numprocesses=2 --dist=loadfile

# Kills, cuts the power of and fills up the card of a sync at every point there is; `unit` tries some of them.
faults: setup-test
	FAULT_POINTS=all $(BIN)/pytest tests/faults

# The whole appliance, the long part too: a real Debian 13 in containers and in emulated machines, with radios and power cuts.
# One test at a time: two machines at once would be slow enough to fail.
appliance: setup-test machines
	$(BIN)/pytest -n0 -m "long or not long" tests/appliance
# The long part without its two slowest: the card's image, and the role `storage` with its restarts.
appliance-long: setup-test machines
	$(BIN)/pytest -n0 -m long tests/appliance --ignore=tests/appliance/test_image.py --ignore=tests/appliance/test_storage.py
# The files of it in which something failed: emulated machines on a busy one may be late once, what fails twice is broken.
appliance-long-again:
	$(BIN)/pytest -n0 -m long $$($(BIN)/python -c 'import json; print(*sorted({each.partition("::")[0] for each in \
	  json.load(open(".pytest_cache/v/cache/lastfailed"))}))')
machines:
	@provisioning/development/apt-packages required binfmt-support dosfstools exfatprogs fdisk mtools qemu-system-arm qemu-system-x86 qemu-user-static

# What an update costs beside rsync, zsync, casync, zchunk, ostree and deltas of whole archives; takes an hour. To measure
# some series only: make bench-updates SERIES="django wiki".
bench-updates: setup-test
	@provisioning/development/apt-packages required rsync zsync casync zchunk ostree xdelta3 zstd bsdiff time
	@nice $(BIN)/python -m tests.benchmarks.updates $(SERIES)

# What a new edition of a ZIM book costs beside nine other tools, and whether the kiosk's book is right; takes two hours. To
# measure some books only: make bench-books PAIRS="django wiki".
bench-books: setup-test
	@provisioning/development/apt-packages required rsync zsync casync zchunk xdelta3 zstd bsdiff time zim-tools kiwix-tools
	@nice $(BIN)/python -m tests.benchmarks.books $(PAIRS)

# Peak memory of syncs of an entry of 2 GB and of 200,000 entries; needs 15 GB of disk.
bench-memory: setup-test
	@provisioning/development/apt-packages required time
	@nice $(BIN)/python -m tests.benchmarks.memory

# The portal with 100 visitors at once, a full board beside a young one, and what it weighs; takes some minutes.
bench-portal: setup-test
	@nice $(BIN)/python -m tests.benchmarks.portal

# The search in books beside kiwix-serve's, over 120,000 entries, and forty questions that were judged beforehand.
bench-book-search: setup-test
	@nice $(BIN)/python -m tests.benchmarks.book_search

# Renews the pictures in the documentation from those the tests took.
screenshots: setup-test
	$(BIN)/pytest -n0 tests/whole_path/test_reading.py tests/whole_path/test_writing.py tests/whole_path/test_looks.py \
	  tests/whole_path/test_console_looks.py tests/browser/test_chromium.py -k "not in_the_docs"
	cp build/screenshots/{portal-home,portal-welcome,portal-lesson,console-start-phone}.png docs/pictures/
	cp build/screenshots/pages/*.webp docs/pictures/pages/
	mkdir -p docs/pictures/console && cp build/screenshots/console/*.webp docs/pictures/console/

setup: .venv/run.stamp .venv/catalogues.stamp
setup-test: .venv/dev.stamp .venv/catalogues.stamp
	@provisioning/development/apt-packages required chromium curl dnsmasq-base ffmpeg fonts-dejavu-core fonts-lohit-deva iproute2 \
	  kiwix-tools librsvg2-bin mmdebstrap netsurf-fb nftables openssh-client openssh-server poppler-utils qemu-utils slirp4netns \
	  strace systemd-container udhcpc w3m xdotool xvfb zbar-tools zim-tools

.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "$(PYTHON) is older than 3.11: take a newer one, make PYTHON=python3.13" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || provisioning/development/apt-packages required python3-venv
	@rm -rf .venv && $(PYTHON) -m venv .venv

.venv/run.stamp: .venv/bin/pip provisioning/requirements/run.txt pyproject.toml
	@provisioning/development/pip-install provisioning/requirements/run.txt
	@touch $@

.venv/dev.stamp: .venv/bin/pip provisioning/requirements/dev.txt pyproject.toml
	@provisioning/development/pip-install provisioning/requirements/dev.txt
	@touch $@ .venv/run.stamp

.venv/catalogues.stamp: $(CATALOGUES) | .venv/run.stamp
	@$(BIN)/pybabel --quiet compile --directory kiosk/locale --domain kiosk
	@touch $@

# What a kiosk needs and its laptop brings, so that it can be provisioned without internet: make bundle ARCH=aarch64
bundle: wheels debs
wheels: .venv/run.stamp .venv/catalogues.stamp
	@nice provisioning/development/make-bundle $(or $(ARCH),aarch64) $(or $(KIOSK_PYTHON),3.13)
debs:
	@nice provisioning/development/fetch-debs $(or $(ARCH),aarch64)

# The image to write to a card, with what an inventory says of one kiosk: make image INVENTORY=provisioning/inventory.yml
# HOST=name which of several; SSH_KEY=file who comes in by ssh; DEBIAN='deb ADDRESS trixie main non-free-firmware' where this
# laptop is not Debian. Takes half an hour the first time on a laptop with another processor.
image: .venv/dev.stamp
	@provisioning/development/apt-packages required debian-archive-keyring dosfstools e2fsprogs fdisk mmdebstrap mtools systemd-container
	@[ "$$(uname -m)" = aarch64 ] || provisioning/development/apt-packages required arch-test binfmt-support qemu-user-static
	@$(MAKE) --no-print-directory wheels ARCH=aarch64 KIOSK_PYTHON=3.13
	@provisioning/image/make-image $(or $(INVENTORY),provisioning/inventory.yml) $(HOST)

# Renews the lock files after a change of pyproject.toml; needs `uv`.
lock:
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	  --no-annotate --no-header --quiet --output-file provisioning/requirements/kiosk.txt
	uv pip compile pyproject.toml provisioning/requirements/build.in --universal --python-version 3.11 --generate-hashes \
	  --no-annotate --no-header --quiet --extra publish --output-file provisioning/requirements/run.txt
	uv pip compile pyproject.toml provisioning/requirements/build.in --universal --python-version 3.11 --generate-hashes \
	  --no-annotate --no-header --quiet --extra publish --extra publish-s3 --extra dev --output-file provisioning/requirements/dev.txt

clean:
	rm -rf .venv .run build
