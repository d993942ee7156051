# bench: what a developer of Clockwork measures, beside other programs and against accidents. Not part of a project's life.

##@ Development

bench: $(PROGRAMS)/built .venv/installed $(patsubst %,.venv-%/installed,events data profile synth private track) ## quality and speed beside scikit-learn, LightGBM and xgboost: reports/bench.json   [ONLY=ai4i]
	@node --import tsx bench/bench.ts $$ONLY
claims: $(PROGRAMS)/built .venv/installed ## the statistical claims by simulation, and init on many tables: BENCH.md   [ONLY=tables]
	@node --import tsx bench/claims.ts $$ONLY
faults: $(PROGRAMS)/built ## kills, full and failing disks, damaged files: how many were tried, what was lost (must be 0)
	@node --import tsx bench/faults.ts
# Tests with real servers, which they start and stop themselves, and with every page in a real browser.
PROOFS := $(wildcard test/prove/*.prove.ts chapters/*/prove/*.prove.ts)
prove: $(PACKAGES) .make/test-project/made ## tests with real servers; then with chapters torn out, half of them at a time and all: takes minutes   [CHAPTER=name]
	$(if $(CHAPTER),,$(if $(PROOFS),@node --import tsx --test --test-timeout=900000 --test-concurrency=1 $(PROOFS)))
	@node --import tsx test/tear-out.ts
figures: $(PROGRAMS)/built ## the figures that the texts quote, from a life on the real AI4I file: bench/figures.json
	@node --import tsx bench/figures.ts

# Peers that want other versions of the same packages live apart.
.venv-%/installed: bench/requirements-%.txt
	@mkdir -p .venv-$* && { python3 -m venv .venv-$* && .venv-$*/bin/pip install --quiet -r $< && touch $@ || true; } 2>&1 | tail -1
# The peers need Python; without it the benchmark says what it skips. The product never needs it.
.venv/installed: bench/requirements.txt
	@mkdir -p .venv && { python3 -m venv .venv && .venv/bin/pip install --quiet -r $< && touch $@ || true; } 2>&1 | tail -1
