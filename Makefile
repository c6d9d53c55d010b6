# Every target below `setup` first runs tools/setup.sh, which is a no-op once .venv is ready.
#   make tour PYTHON=python3.12          another interpreter
#   make lab LAB_ARGS="--port 9999"      options for JupyterLab

PYTHON   ?=
LAB_ARGS ?=
VENV     := .venv/bin

# One thread a process: two processes share the tests and the lessons, and more threads made them slower. Files run in
# their order: by number of tests, some of the longest would come last, and one process would wait for the other.
PYTEST   := OMP_NUM_THREADS=1 TQDM_DISABLE=1 $(VENV)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

# Every cell of every lesson, its output compared with the stored one by the policy named here.
LESSONS  ?=
NBVAL    := $(PYTEST) -p nbval -p tests.lessons.policy

# One after the other: they share a JupyterLab. Without a Chromium they are skipped, and -rs says so.
BROWSER  := OMP_NUM_THREADS=1 $(VENV)/python -m pytest -q -rs tests/browser

.PHONY: help setup tour lab test test-quick test-browser test-lessons lint lessons bench tables claims site clean
.DEFAULT_GOAL := help

help:        ## list these targets
	@sed -n 's/^\([a-z-]*\): .*## /  make \1 @/p' Makefile | awk -F@ '{ printf "%-20s%s\n", $$1, $$2 }'

setup:       ## create .venv and install the pinned versions (every target below does this first)
	@PYTHON="$(PYTHON)" sh tools/setup.sh

tour: setup  ## the main job: train on real digits, sample, compare; writes runs/tour/index.html
	@$(VENV)/diffusion-lessons tour

lab: setup   ## open the lessons in JupyterLab; LAB_ARGS="..." is passed on
	@$(VENV)/diffusion-lessons lab -- $(LAB_ARGS)

test: lint   ## linters, type checker, all tests, all lessons, lessons in a browser
	$(NBVAL) --ignore=tests/browser notebooks/lessons tests
	$(BROWSER) || $(BROWSER) --last-failed  # a page may load slowly once; what fails twice is broken

test-quick: setup  ## the tests alone, without notebooks and browser, stopping at the first failure
	$(PYTEST) -x -m "not slow" --ignore=tests/lessons --ignore=tests/browser tests

test-browser: setup  ## JupyterLab in a real Chromium alone; BROWSER_ARGS="--screenshots docs/images" keeps pictures
	$(BROWSER) $(BROWSER_ARGS)

test-lessons: setup  ## the lessons alone; LESSONS="notebooks/lessons/04_ddim.ipynb" for some
	$(NBVAL) $(or $(LESSONS),notebooks/lessons)

lint: setup  ## ruff, mypy, import-linter, and how large files and folders are
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy
	$(VENV)/lint-imports
	$(VENV)/python tools/sizes.py

lessons: setup  ## build the lessons from notebooks/source; LESSONS="04 05" for some
	@$(VENV)/python tools/build_notebooks.py $(LESSONS)

bench: setup ## every benchmark in its short form; BENCH="training --full" for some, as they are meant
	@$(VENV)/python -m benchmarks $(BENCH)

tables: setup ## the measured tables that ship, anew where a network changed; resumes, and two of them share the rows
	@$(VENV)/python tools/tables.py $(TABLES)

claims: setup  ## the verdicts on what two texts claim, into CLAIMS.md; CLAIMS="C9 C14" measures these anew
	@$(VENV)/python -m claims $(CLAIMS)

site: setup  ## the course as a web site that needs no network, into runs/site/html
	@$(VENV)/python -m website

clean:       ## remove .venv, caches and build outputs; runs/ and datasets/ stay
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
