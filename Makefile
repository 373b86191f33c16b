# From a fresh clone, with Python 3.10-3.13, pip and make:
#   make run     install what the main job needs, then compare recommenders on MovieLens-100K
#   make test    install every extra but bench and mlflow, then lint, type-check, test, run end to end and execute the notebooks
#   make setup   only install, as make test does
#   make audit   look the locked packages up among the known vulnerabilities
#   make docs    write the documentation as a site to build/docs, with a reference made from docstrings
#   make soak    half an hour of damaged files, killed runs and hostile clients, and a table of what they broke
#   make rendered   run the notebooks and write them with their outputs to build/notebooks, as HTML
# Each can be repeated and skips what is already done.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
# requirements/*.txt are complete and name the only files that are let in; the project itself brings nothing more
LOCKED := $(PIP) install -qq --no-deps --require-hashes --requirement
ITSELF := $(PIP) install -qq --no-deps --no-build-isolation --editable .
# TFDS needs promise, which exists as source only: built with the locked setuptools, as no hash covers what pip would fetch to build with
define install
@for one in setuptools promise; do \
    sed -n "/^$$one==/,/[0-9a-f]$$/p" requirements/$(1).txt > $(VENV)/$$one.txt; \
    $(LOCKED) $(VENV)/$$one.txt --no-build-isolation || exit 1; done
@$(LOCKED) requirements/$(1).txt
@$(ITSELF)
endef

.PHONY: run test setup lint links types unit e2e notebooks docs rendered soak bench audit tables results lock clean help

help:
	@sed -n 's/^#   //p' Makefile

run: $(VENV)/.installed-run
	$(BIN)/recs compare $(BASELINES) retrieval hybrid --dataset 100k

setup: $(VENV)/.installed-all

test: lint types unit e2e notebooks

$(BIN)/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 10) <= v <= (3, 13) else "TFRS Lab needs Python 3.10 to 3.13, this is %d.%d; set PYTHON=python3.11, for instance" % v)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed-run: pyproject.toml requirements/run.txt | $(BIN)/python
	@echo 'Installing TensorFlow, TFRS, the baselines and the server into $(VENV): a few minutes, 3.1 GB'
	$(call install,run)
	@touch $@

$(VENV)/.installed-all: pyproject.toml requirements/test.txt | $(BIN)/python
	@echo 'Installing everything into $(VENV): a few minutes, 3.8 GB'
	$(call install,test)
	@touch $@ $(VENV)/.installed-run

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# the rooms under the names they are imported by, for tools that read packages from a path
links:
	@mkdir -p build/packages/tfrs_lab
	@for file in tfrs_lab/*.py; do ln -sfn ../../../$$file build/packages/$$file; done
	@for room in data evaluation models serving experiments; do \
	    ln -sfn ../../../$$room build/packages/tfrs_lab/$$room; done

types: setup links
	$(BIN)/mypy

unit: setup
	$(BIN)/python -m pytest -n 2 -m 'not slow'

e2e: setup
	$(BIN)/python -m pytest -n 2 --dist loadfile -m slow

notebooks: setup
	$(BIN)/python -m pytest -n 2 --nbmake --nbmake-timeout=600 notebooks

# pages that open from a file and ask no network; --strict: a broken link is an error
docs: setup links
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo 'Open build/docs/index.html'

# the notebooks with their outputs, as pages in build/notebooks
rendered: setup
	$(BIN)/python -m jupyter nbconvert --to html --execute --output-dir build/notebooks notebooks/*.ipynb

# the long hunts, see docs/robustness.md; their short forms are among the unit tests
soak: setup
	$(BIN)/python -m soak --write

# FAISS and hnswlib to compare with; hnswlib needs a C++ compiler: without one, the rest is measured
bench: setup
	-@$(LOCKED) requirements/bench.txt
	$(BIN)/python -m benchmarks

# in an environment of its own, since pip-audit brings a pip; --strict: what pypi.org says nothing of is no good news
audit:
	$(PYTHON) -m venv build/audit
	build/audit/bin/python -m pip install -qq --no-deps --require-hashes --requirement requirements/audit.txt
	build/audit/bin/pip-audit --strict --disable-pip --require-hashes \
	    $(patsubst %,--requirement requirements/%.txt,test bench mlflow audit) \
	    || { echo 'Not audited, or not clean: see above; pypi.org must be within reach'; exit 1; }

# README and docs tables from the committed results
tables: setup
	$(BIN)/python -m benchmarks.pages.tables --write

# the committed results themselves, 40 minutes on a quiet machine
BASELINES = popularity recency itemknn ease ials
define record
mkdir -p build
$(BIN)/recs compare $(2) --seeds 0,1,2 --overwrite --json --out runs/results-$(1) > build/$(1).json
mv build/$(1).json docs/results/$(1).json
endef
results: setup
	$(call record,stratified,$(BASELINES) retrieval ranking hybrid --split stratified)
	$(call record,temporal-user,$(BASELINES) retrieval hybrid --split temporal-user)
	$(call record,temporal-global,$(BASELINES) retrieval hybrid --split temporal-global)
	$(call record,k-fold-none,ranking --split k-fold --ranking.time-neighbours none)
	$(call record,k-fold-both,ranking --split k-fold --ranking.time-neighbours both)
	$(call record,leave-one-out,$(BASELINES) retrieval --split leave-one-out)
	$(call record,in-batch,retrieval --split stratified --retrieval.parts in_batch)
	$(BIN)/python -m benchmarks.pages.tables --write

# requirements/*.txt: one resolution for every supported Python and platform (needs uv); versions stay as they are
# where pyproject.toml allows it, UPGRADE=--upgrade takes the newest; bench and mlflow hold what they add to test
LOCK = uv pip compile --universal --python-version 3.10 --generate-hashes --no-annotate --no-header \
	--no-emit-index-url --no-emit-find-links --quiet $(UPGRADE)
lock:
	$(LOCK) pyproject.toml --extra baselines --extra serving --output-file requirements/run.txt
	$(LOCK) pyproject.toml $(patsubst %,--extra %,baselines sentences serving notebooks docs dev) \
	    --constraint requirements/run.txt --output-file requirements/test.txt
	for extra in bench mlflow; do $(LOCK) pyproject.toml --extra $$extra --constraint requirements/test.txt \
	    $$(sed -n 's/^\([^ =]*\)==.*/--no-emit-package \1/p' requirements/test.txt) \
	    --output-file requirements/$$extra.txt || exit 1; done
	$(LOCK) requirements/serve.in --constraint requirements/test.txt --output-file requirements/serve.txt
	echo pip-audit | $(LOCK) - --constraint requirements/test.txt --output-file requirements/audit.txt

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache *.egg-info
