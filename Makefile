# The life of a model, from raw rows to a retraining decision. Read it from top to bottom: each rule makes one thing, after
# what it is made from, in the order in which a row meets them. The settings are in config.yaml; this file decides only what
# depends on what. Files never depend on verbs; the ledgers (manifest.txt, deployment_log.csv …) are never prerequisites.
#
# To read a rule: "product: what it is made from", then the program that makes it. A line with ## is a verb that people type;
# it makes what stands after its colon, then does what stands below. $(RUN) starts a script of scripts/ (make/plumbing.mk).

include make/plumbing.mk

##@ The whole life

# Two days after deployment: a quiet one that drifts without harm, and a bad one. Each line is a make of its own, since
# retraining moves the config that make has read. The server ends when this does, however it ends.
all: ## raw rows to a model in production, two days of it, and a decision to retrain
	@$(MAKE) prepare train gate start smoke OWNER=$$PPID
	@$(MAKE) replay monitor retrain DAY=quiet
	@$(MAKE) replay monitor retrain DAY=bad
	@$(MAKE) stop audit summary

summary: ## what is live, what was decided, where to look
	@$(RUN)/watch-summary.mjs

##@ Data

raw: $(RAW) ## the raw file: simulated, downloaded from UCI, or yours (data.source)
	$(call up-to-date,$(call says,raw,$(RAW)))
$(RAW) &: $(RAW_SETTINGS)
	@$(RUN)/data-ingest.mjs
	@$(SAID)

# Only the current version can be made: the settings of older ones are gone.
prepare: $(DATA_FILES) ## rows checked, cleaned and split into a data version   [VERSION=v2]
	$(call up-to-date,$(call says,prepare,data $(DATA_VERSION)))
$(DATA_FILES) &: $(RAW) $(JOINED) $(STATE)/prepare.json $(program.data-prepare)
	@$(RUN)/data-prepare.mjs
	@$(SAID)

##@ Model

train: $(LATEST) ## a model version from the current data and settings, evaluated and registered
	$(call up-to-date,sed -n 's/.*"summary": "\(.*\)".*/train      up to date: \1/p' $(LATEST))
$(LATEST): $(PROCESSED)/$(CURRENT_VERSION)_train.csv $(STATE)/train.json $(program.model-train)
	@$(RUN)/model-train.mjs
	@$(SAID)

# Of a version that is named nothing is made first.
gate: $(if $(value VERSION),,$(LATEST)) ## pass, fail (an error) or inconclusive against evaluation.minimum   [VERSION=v2]
	@$(RUN)/model-gate.mjs

registry: ## every version: data, metrics, stage, aliases, what is live with which share
	@$(RUN)/model-registry.mjs
compare: ## versions on the same rows, each two of them   A=v1 B=v2 [C=v3] [D=v4] [E=v5] [F=v6]
	@$(RUN)/model-compare.mjs
alias: ## points a name at a version (VERSION=none takes it away)   NAME=challenger VERSION=v3 [REASON="…"]
	@$(RUN)/model-alias.mjs
stage: ## None, Staging or Archived; without VERSION archives what nothing needs   [VERSION=v2] STAGE=Archived [REASON="…"]
	@$(RUN)/model-stage.mjs

##@ Serving

# The first version that was trained becomes champion; later ones are promoted.
$(LIVE): | $(FIRST)
	@$(RUN)/model-first.mjs

serve: $(LIVE) ## the API in the foreground, until Ctrl-C
	@exec $(RUN)/serve-api.mjs
start: $(LIVE) ## the API in the background
	@$(RUN)/serve-start.mjs
restart: ## the workers of that API one after the other, no request dropped (deployment.workers ≥ 2)
	@$(RUN)/serve-restart.mjs
stop: ## ends the API started in the background
	@$(RUN)/serve-stop.mjs
smoke: $(LIVE) ## three requests against the live API, or a throwaway one
	@$(RUN)/serve-smoke.mjs
live: ## which version is or was live and who put it there   [AT=2026-11-20T10:00Z]
	@$(RUN)/serve-live.mjs

# A running server follows these within a second.
promote: ## makes a version champion   VERSION=v2 [REASON="…"]
	@$(RUN)/model-promote.mjs
rollback: ## ends a canary, else makes the previous champion champion again   [REASON="…"]
	@$(RUN)/model-rollback.mjs
canary: ## a share of the requests for a version, or for several   VERSION=v3 WEIGHT=10 or SPLIT="v2=20 v3=10" [REASON="…"]
	@$(RUN)/serve-canary.mjs

##@ After deployment

# Day 2, as rows that the API has not seen. The bad day is the quiet one with the changes that the config declares.
$(PRODUCTION)/bad.csv: $(LATER_ROWS) $(STATE)/day2.json $(program.data-perturb)
	@$(RUN)/data-perturb.mjs
DAY_ROWS := $(LATER_ROWS) $(if $(filter bad,$(DAY)),$(PRODUCTION)/bad.csv)

replay: $(LIVE) $(DAY_ROWS) ## a day's rows through the API, then their truth   [DAY=bad]
	@$(RUN)/serve-replay.mjs
labels: ## records the truth of predictions   CSV=file with id,label [BY=sender]
	@$(RUN)/watch-labels.mjs
monitor: ## errors, metrics, drift and latency from the API logs: reports/monitor.html   [AT=2026-11-20T10:00Z] [FROM= TO=]
	@$(RUN)/watch-monitor.mjs
watch: ## make monitor again and again, every monitoring.interval_seconds
	@FOREVER=yes; export FOREVER; exec $(RUN)/watch-monitor.mjs
windows: ## production by the time of the requests, with the truth that came late: reports/windows.html
	@$(RUN)/watch-windows.mjs
explain-window: ## why the window of a time holds what it holds   AT=2026-11-20T10:00Z
	@WHY=yes; export WHY; $(RUN)/watch-windows.mjs
retrain: ## decides whether to retrain and records why; if yes, retrains, compares, promotes   [DAY=bad] [WITHOUT=sender] [ACCEPT=sender]
	@$(RUN)/watch-retrain.mjs

##@ Trust

audit: ## every ledger's chain and every recorded sha256   [FULL=yes: every link of sealed segments too]
	@$(RUN)/trust-audit.mjs
trace: ## one prediction back to the raw rows, every hash checked   ID=…
	@$(RUN)/trust-trace.mjs
doctor: ## says and mends what an interrupted run left behind
	@$(RUN)/trust-doctor.mjs

##@ Development

test: .make/tests/built .make/test-project/made ## every test   [ONLY=test/lib/trees.test.ts]
	@node --test --test-concurrency 3 $(call bundled-test,$(ASKED_TESTS))
.make/test-project/made: $(PROGRAMS)/built test/make-project.ts test/support.ts test/fixtures/config.yaml
	@node --import tsx test/make-project.ts

check: $(PACKAGES) ## types, lint and format
	@node_modules/.bin/tsc
	@node_modules/.bin/biome check .

clean: ## removes what make remembers and the reports; data, models and ledgers stay
	@[ ! -d $(STATE) ] || find $(STATE) -mindepth 1 -maxdepth 1 ! -name 'server.*' -exec rm -rf {} +
	@rm -rf $(REPORTS)
	@echo 'clean      reports and what make remembers are gone; data, models and ledgers stay'

include $(wildcard chapters/*/*.mk bench/*.mk) make/verbs.mk
