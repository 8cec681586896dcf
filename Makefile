# make        the five steps on the bundled corpus (or data/raw.txt), in a size for two CPU cores, then an answer
# make test   ruff and pytest
#
# Every file depends on the files that it is made from, so a second `make` redoes only what is stale.

PYTHON ?= python3
QUESTION ?= 필리핀에서 여권을 분실했을 때 해야 할 일에 대해 알려줘. 연락처가 있다면 함께 정리해줘.
MAX_MINUTES ?= 4

RAW := $(or $(wildcard data/raw.txt),data/sample_raw.txt)
RUN := .venv/bin/python
CORPUS := $(wildcard corpus/*.py) corpus/learned.npz pipeline.py

answer: checkpoints/trained-$(MAX_MINUTES)
	$(RUN) 05_generate.py --question "$(QUESTION)"

# A text that takes the place of the bundled one may be older than the samples made of that: its name counts too.
OTHER_TEXT := $(shell grep -qs '"$(notdir $(RAW))":' data/manifest.json || echo always)

data/samples.txt: $(RAW) 01_prepare_samples.py $(CORPUS) $(OTHER_TEXT) | .venv/runtime
	$(RUN) 01_prepare_samples.py

data/tokenizer.json: data/samples.txt 02_train_tokenizer.py
	$(RUN) 02_train_tokenizer.py --vocab-size 4096

data/train.bin: data/samples.txt data/tokenizer.json 03_build_bin_dataset.py gpt/token_file.py corpus/retrieval.py
	$(RUN) 03_build_bin_dataset.py --val-ratio 0.05

# A checkpoint younger than the data is gone on with; an older one belongs to other data and is put aside.
checkpoints/trained-$(MAX_MINUTES): data/train.bin
	@mkdir -p checkpoints
	@test ! -e checkpoints/ckpt.pt || test checkpoints/ckpt.pt -nt data/train.bin || mv checkpoints/ckpt.pt checkpoints/older.pt
	$(RUN) 04_train_gpt_from_scratch.py --n-layer 4 --n-head 4 --n-embd 256 --batch-size 2 --max-minutes $(MAX_MINUTES)
	@touch $@

.venv/runtime: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than Python 3.11; run: make PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv .venv
	$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/development: .venv/runtime requirements-dev.txt
	$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

test: .venv/development
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m pytest

.PHONY: always answer test
