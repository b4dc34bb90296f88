# Everything runs in .venv, which is made on the first call. PYTHON chooses the interpreter (3.11 to 3.13).
PYTHON ?= python3
BIN := .venv/bin
SHARED ?= ../shared/data
SEEDS ?= 1
DATA ?= $(SHARED)/speech_commands_v0.01_subset

# The page of `wordspot web` needs npm only to be built; without npm the tests of it are skipped.
WEB := tools/browser/vendor/LICENSE

.PHONY: help demo test check fuzz web pretrained pictures arm64 clean
.PHONY: bench bench-speed bench-checks bench-takes bench-candidates bench-windows bench-scale bench-stream bench-score-stream bench-open-microphone bench-networks
.PHONY: bench-front-end bench-recipes bench-few-clips bench-maker bench-wake-word bench-listeners bench-accuracy bench-audit bench-repair

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

demo: .venv/installed  ## see it work: make recordings, clean, train, export, recognize (3 minutes after set-up)
	$(BIN)/wordspot demo wordspot-demo

test: .venv/installed $(if $(shell command -v npm),$(WEB))  ## run the tests (18 minutes)
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: .venv/installed  ## format, lint and types
	@mkdir -p .typing && ln -sfn .. .typing/wordspot  # lets the type checker see the four rooms as one package
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright --level error

fuzz: .venv/installed  ## damaged and hostile content for everything that reads (CASES=20000 of each kind, SEED=0)
	$(BIN)/python -m wordspot.tools.fuzz --cases $(or $(CASES),20000) --seed $(or $(SEED),0)

web: $(WEB)  ## fetch LiteRT for the browser with npm, for `wordspot web` and for building a wheel

pretrained: .venv/installed  ## train the models that ship anew (SHARED=folder of Speech Commands; eight hours; SEEDS=3: fourteen)
	TF_NUM_INTRAOP_THREADS=1 $(BIN)/python -m wordspot.tools.release.pretrain $(SHARED) bench/pretrained --seeds $(SEEDS)

bench: bench-speed bench-checks bench-windows bench-scale bench-stream  ## speed, checks, windows, scale and listening on real recordings (DATA=folder; half an hour)

bench-speed: .venv/installed  ## speed, size and memory
	$(BIN)/python -m wordspot.tools.bench.cleaning.speed $(DATA)

bench-checks: .venv/installed  ## plant every defect in real clips, and count what the checks find
	$(BIN)/python -m wordspot.tools.bench.cleaning.defects $(DATA)

bench-takes: .venv/installed  ## takes of one speaker: which are called the same take, and which copies are found
	$(BIN)/python -m wordspot.tools.bench.cleaning.takes $(DATA)

bench-candidates: .venv/installed  ## near-duplicates among a million different contents: how many are found, time and memory (SHARED=folder)
	$(BIN)/python -m wordspot.tools.bench.cleaning.candidates $(SHARED)/speech_commands_v0.01_subset $(SHARED)/speech_commands_v0.01_more

bench-windows: .venv/installed  ## place real words in real noise, and see where the window goes
	$(BIN)/python -m wordspot.tools.bench.cleaning.windows $(DATA)

bench-scale: .venv/installed  ## clean a hundred thousand recordings: memory, and time per thousand
	$(BIN)/python -m wordspot.tools.bench.cleaning.scale $(DATA)

bench-stream: .venv/installed  ## what listening costs, beside pymicro-wakeword, and 24 simulated hours of it
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[bench]'
	$(BIN)/python -m wordspot.tools.bench.device.stream $(DATA)

bench-score-stream: .venv/installed  ## misses and false accepts per hour of the models that ship
	rm -rf bench/clips && $(BIN)/wordspot clean $(DATA) bench/clips --quiet
	for model in small accurate; do \
	  $(BIN)/wordspot set-thresholds $$model bench/clips --false-accepts-per-hour 1 --seed 1 --out bench/$$model.tflite && \
	  $(BIN)/wordspot score-stream bench/$$model.tflite bench/clips --snr-db 20,10,5 && \
	  $(BIN)/wordspot score-stream bench/$$model.tflite bench/clips --others-per-hour 0 || exit 1; \
	done
	$(BIN)/python -m wordspot.tools.bench.device.thresholds bench/clips

bench-open-microphone: .venv/installed  ## false accepts on running speech, noise and tones, and words detected (SHARED=folder)
	$(BIN)/python -m wordspot.tools.bench.device.open_microphone $(SHARED) bench/open-microphone

bench-networks: .venv/installed  ## what every network costs: the table of `wordspot models`
	$(BIN)/python -m wordspot.tools.bench.training.networks models/benchmarks.json

bench-listeners: .venv/installed  ## what listeners threw out, beside what the checks find (FEATURES=feature set of v0.02)
	rm -rf bench/listeners && $(BIN)/wordspot clean $(DATA) bench/listeners --quiet
	$(BIN)/python -m wordspot.tools.bench.cleaning.listeners $(DATA) bench/listeners $(FEATURES)

bench-audit: .venv/installed  ## plant wrong labels in real clips, and see where `wordspot audit` ranks them (DATA=folder; minutes)
	rm -rf bench/clips && $(BIN)/wordspot clean $(DATA) bench/clips --quiet
	$(BIN)/python -m wordspot.tools.bench.cleaning.audit bench/clips

bench-repair: .venv/installed  ## what repairing wrong labels is worth (after `make bench-audit`; ten minutes of one free core; goes on where it was stopped)
	TF_NUM_INTRAOP_THREADS=1 $(BIN)/python -m wordspot.tools.bench.cleaning.repair bench/clips bench/repair

bench-front-end: .venv/installed  ## are features of waveforms what the models that ship were trained on? (after `make pretrained`)
	$(BIN)/python -m wordspot.tools.bench.training.front_end $(SHARED)/speech_commands_v0.01_subset bench/pretrained

bench-recipes: .venv/installed  ## which settings and networks are most accurate, how fast they train (after `make pretrained`; hours)
	rm -rf bench/clips && $(BIN)/wordspot clean $(DATA) bench/clips --quiet
	rm -rf bench/clips-features && $(BIN)/wordspot extract bench/clips bench/clips-features --quiet
	TF_NUM_INTRAOP_THREADS=1 $(BIN)/python -m wordspot.tools.bench.training.recipes bench/clips-features bench/train \
	  --names "as it is,bc_resnet_1_late_t2,bc_resnet_3_t2"
	TF_NUM_INTRAOP_THREADS=1 $(BIN)/python -m wordspot.tools.bench.training.recipes bench/pretrained/features bench/recipes \
	  --words down,go,left,no,off,on,right,stop,up,yes --share 0.33 --epochs 15

bench-few-clips: .venv/installed  ## new words from few clips, with and without a trained network (hours)
	TF_NUM_INTRAOP_THREADS=1 $(BIN)/python -m wordspot.tools.bench.training.few_clips $(SHARED) bench/pretrained bench/few_clips

bench-maker: .venv/installed  ## a maker's case: few clips of three voices, judged on other people (after make pretrained; half an hour)
	TF_NUM_INTRAOP_THREADS=1 $(BIN)/python -m wordspot.tools.bench.training.maker bench/pretrained/features $(SHARED)/read_speech bench/maker

bench-wake-word: .venv/installed  ## a wake word of one's own: 50 recordings, all defaults, judged on other people (SHARED=folder)
	TF_NUM_INTRAOP_THREADS=1 $(BIN)/python -m wordspot.tools.bench.training.wake_word $(SHARED) bench/wake-word

pictures: .venv/installed  ## the pictures of the README (Chromium; SHARED=folder of Speech Commands)
	$(BIN)/python -m wordspot.tools.release.pictures $(SHARED)

bench-accuracy: .venv/installed  ## what cleaning is worth (half an hour)
	$(BIN)/python -m wordspot.tools.bench.cleaning.raw_or_clean $(DATA) bench

arm64: .venv/installed  ## predict and listen in an arm64 Debian under qemu (as root, on Debian or Ubuntu; 15 minutes)
	test -x /usr/sbin/debootstrap -a -x /usr/bin/qemu-aarch64-static || apt-get install -y debootstrap qemu-user-static
	$(BIN)/python -m wordspot.tools.bench.device.arm64 $(DATA) bench/arm64

clean:  ## remove what was made here, but never recordings
	rm -rf .venv .typing build dist *.egg-info tools/browser/vendor .pytest_cache .ruff_cache .hypothesis

$(WEB): tools/browser/fetch.py | .venv/installed
	$(BIN)/python -m wordspot.tools.browser.fetch

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[all]'
	@touch $@
