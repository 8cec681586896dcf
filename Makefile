# make        the five steps on data/raw.txt (or the bundled text, while that is not there), then an answer
# make serve  the page in the browser and the API; runs steps 01 to 04 first if there is no model
# make lessons  the chapters in lessons/ on your text and your model; writes lessons/RESULTS.md
# make test   ruff, mypy and pytest
# make clean  delete what steps 01 to 03 made, and caches; the trained model only if you confirm it
# make help   this text
#
# Settings, for example `make MAX_MINUTES=10`:
#   MAX_MINUTES=10   minutes of training in all; without it, as long as suits the text
#   QUESTION="…"     the question that is answered at the end; without it, one that your text answers
#   CPU_ONLY=1       install torch without CUDA: Linux without an NVIDIA card (delete .venv to change it later)
#   UV=1             install with uv, which is faster than pip
#   PYTHON=python3   the Python that .venv is made with, 3.11 or later

# Every file depends on the files that it is made from, so a second `make` redoes only what is stale.

PYTHON ?= python3

RAW := $(or $(wildcard data/raw.txt),data/sample_raw.txt)
RUN := .venv/bin/python
CORPUS := $(wildcard corpus/*.py corpus/*/*.py) corpus/extraction/learned.npz $(wildcard pipeline/*.py)

TRAINED := checkpoints/trained$(addprefix -,$(MAX_MINUTES))

answer: $(TRAINED)
	$(RUN) 05_generate.py $(if $(QUESTION),"$(QUESTION)",--example)

# A text that takes the place of the bundled one may be older than the samples made of that: its name counts too.
OTHER_TEXT := $(shell grep -qs '"$(notdir $(RAW))":' data/manifest.json || echo always)

data/samples.txt: $(RAW) 01_prepare_samples.py $(CORPUS) $(OTHER_TEXT) | .venv/runtime
	$(RUN) 01_prepare_samples.py

data/tokenizer.json: data/samples.txt 02_train_tokenizer.py
	$(RUN) 02_train_tokenizer.py

data/train.bin: data/samples.txt data/tokenizer.json 03_build_bin_dataset.py gpt/token_file.py $(wildcard corpus/retrieval/*.py)
	$(RUN) 03_build_bin_dataset.py

# A checkpoint younger than the data is trained on; an older one belongs to other data and is put aside.
$(TRAINED): data/train.bin
	@other=; test ! -e checkpoints/ckpt.pt || test checkpoints/ckpt.pt -nt data/train.bin || other=--restart; \
	set -x; $(RUN) 04_train_gpt_from_scratch.py $(addprefix --max-minutes ,$(MAX_MINUTES)) $$other
	@touch $@

# The index that torch's documentation names for Linux without CUDA. uv reaches the same index by a name of its own.
ifeq ($(UV),1)
INSTALL := uv pip install --python $(RUN) $(if $(filter 1,$(CPU_ONLY)),--torch-backend cpu)
else
INSTALL := $(RUN) -m pip install --disable-pip-version-check \
	$(if $(filter 1,$(CPU_ONLY)),--extra-index-url https://download.pytorch.org/whl/cpu)
endif

# pip shows its downloads, but nothing while it unpacks them: this says every ten seconds how large .venv is by then.
# At a terminal it is silent while .venv does not grow, so that it does not break into pip's progress bar.
define install
	@echo "$(strip $(INSTALL)) -r $(1)"
	@(while sleep 10 >/dev/null 2>&1; kill -0 $$$$ 2>/dev/null; do \
		size=$$(du -sm .venv/ | cut -f 1); \
		{ test -t 1 && test "$$size" = "$$before"; } || echo "  installing: $$size MB in .venv"; \
		before=$$size; \
	done) & watch=$$!; \
	$(INSTALL) -r $(1); status=$$?; \
	{ kill $$watch; wait $$watch; } 2>/dev/null; \
	exit $$status
endef

.venv/runtime: requirements.txt
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not installed; run: make PYTHON=python3.12" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than Python 3.11; run: make PYTHON=python3.12" >&2; exit 2; }
ifeq ($(UV),1)
	@command -v uv >/dev/null || { echo "uv is not installed; run make without UV=1, or install uv: https://docs.astral.sh/uv/" >&2; exit 2; }
endif
	@case "$$(uname) $(CPU_ONLY)" in \
		Darwin*) size="0.2 GB to download, 0.7 GB on disk";; \
		Linux*1) size="0.3 GB to download, 1 GB on disk";; \
		*) size="2.7 GB to download, 4.8 GB on disk, most of it CUDA";; \
	esac; \
	echo "Installing torch, tokenizers, numpy and tqdm into .venv: up to about $$size."
	@test "$$(uname) $(CPU_ONLY)" != "Linux " || command -v nvidia-smi >/dev/null || \
		echo "No nvidia-smi here, so no CUDA is needed: Ctrl-C, then make CPU_ONLY=1 (0.3 GB to download, 1 GB on disk)."
ifeq ($(UV),1)
	test -x $(RUN) || uv venv --seed --allow-existing --python $(PYTHON) .venv
else
	$(PYTHON) -m venv .venv
endif
	$(call install,requirements.txt)
	@touch $@

.venv/serving: .venv/runtime requirements-serve.txt
	$(call install,requirements-serve.txt)
	@touch $@

# A model that is there is served as it is: `make` brings it up to date.
serve: .venv/serving
	@test -e checkpoints/ckpt.pt || $(MAKE) $(TRAINED)
	$(RUN) serve.py --open-browser

.venv/development: .venv/runtime requirements-dev.txt
	@echo "Installing the packages of the tests into .venv: about 0.2 GB more."
	$(call install,requirements-dev.txt)
	@touch $@

test: .venv/development
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(RUN) -m pytest

# What steps 01 to 03 write, and what step 04 writes, under their default names; every other file is the user's own.
# A manifest goes when none of the files that it describes is left.
MADE := $(addprefix data/,samples.txt contacts.json dropped.txt tokenizer.json train.bin val.bin index.npz)
MODELS := $(addprefix checkpoints/,ckpt.pt ckpt.previous.pt best.pt) $(wildcard checkpoints/*.older*.pt)
LOGS := $(addprefix checkpoints/,log.csv log.older.csv loss.svg)

clean:
	@delete="$(MADE) $(MADE:=.partial) $(MODELS:=.partial) $(LOGS:=.partial)"; \
	models=$$(echo $$(ls $(MODELS) 2>/dev/null)); \
	answer=; \
	if test -n "$$models" && test -t 0; then \
		printf 'Delete the trained model as well (%s)? Type yes to delete it: ' "$$models"; \
		read -r answer || echo; \
	fi; \
	case "$$answer" in \
		y|Y|yes|Yes|YES|예|네) delete="$$delete $$models $(LOGS)";; \
		*) test -z "$$models" || echo "kept $$models";; \
	esac; \
	for file in $$delete; do test ! -f "$$file" || { rm "$$file" && echo "deleted $$file"; } || exit 1; done
	@rm -f checkpoints/trained-*
	@for folder in data checkpoints; do \
		test ! -f $$folder/manifest.json || \
		sed -n 's/^  "\(.*\)": {$$/\1/p' $$folder/manifest.json | { \
			while read -r name; do test ! -e "$$folder/$$name" || exit 1; done; \
		} && rm -f $$folder/manifest.json $$folder/manifest.json.partial || true; \
	done
	@rm -rf .pytest_cache .ruff_cache .mypy_cache .hypothesis __pycache__ */__pycache__ */*/__pycache__

lessons:
	@test -e checkpoints/ckpt.pt || $(MAKE) $(TRAINED)
	$(RUN) -m lessons.run_all

help:
	@sed -e '/^$$/q' -e 's/^# \{0,1\}//' $(firstword $(MAKEFILE_LIST))

.PHONY: always answer clean help lessons serve test
