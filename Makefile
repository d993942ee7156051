# The life of a model, from raw rows to a retraining decision. Read it from top to bottom: each rule is a step, named
# for what it makes, after what it is made from. The settings are in config.yaml; this file decides only what depends
# on what. Files never depend on verbs; the ledgers (manifest.txt, deployment_log.csv …) are never prerequisites.

ifeq (,$(filter grouped-target,$(.FEATURES)))
$(error GNU Make 4.3 or newer is needed, this is $(MAKE_VERSION). On macOS: brew install make, then type gmake)
endif

MAKEFLAGS += --no-builtin-rules --no-print-directory
# A recipe that fails leaves no target behind, even though every script already writes aside and renames.
.DELETE_ON_ERROR:

# Another project is another config: make train CONFIG=examples/name/config.yaml
CONFIG ?= config.yaml
ifneq (1,$(words $(CONFIG)))
$(error CONFIG may hold no space: "$(CONFIG)")
endif
ifeq (,$(wildcard $(CONFIG)))
$(error $(CONFIG) is missing: everything is configured there)
endif
DAY ?= quiet
ifeq (,$(filter quiet bad,$(DAY)))
$(error there is no day "$(DAY)": DAY=quiet or DAY=bad)
endif
# Arguments reach the scripts by environment, so that no shell reads what they hold.
export CONFIG VERSION A B AT ID CSV TARGET DIR METRICS DRIFT OUT REF NEW APPLY REASON DAY NAME STAGE WEIGHT SPLIT

PACKAGES := node_modules/.package-lock.json
NODE := node --import tsx
# What make remembers of the config: paths, the files of each program, the settings of each product.
STATE := $(dir $(CONFIG)).make/$(basename $(notdir $(CONFIG)))

# Content decides, not time: a checksum of config and code says whether config.mk is current, so no clock hides an edit
# and an unchanged config starts no program. make remakes an included file first and starts over if it changed.
ifneq (,$(filter-out help clean,$(or $(MAKECMDGOALS),help)))
$(if $(wildcard $(STATE)/config.mk),,$(shell mkdir -p $(STATE) && touch $(STATE)/config.mk))
include $(STATE)/config.mk
endif
$(STATE)/config.mk: FORCE | $(PACKAGES)
	@now=$(STATE)/cksum.$$$$; cksum $(CONFIG) scripts/*.ts lib/*.ts lib/*/*.ts > $$now; \
	if cmp -s $$now $(STATE)/cksum; then rm $$now; else $(NODE) scripts/config-emit.ts && mv $$now $(STATE)/cksum || { rm -f $$now; exit 2; }; fi

# A verb whose files are all current says so; a script that ran has said what it did.
SAID := touch $(STATE)/said
up-to-date = @if [ -e $(STATE)/said ]; then rm $(STATE)/said; else printf '%-10s up to date: %s\n' $(1) "$(2)"; fi

##@ The whole life

help: ## this list (also plain make)
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z][a-z-]*:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
.DEFAULT_GOAL := help

# Two days after deployment: a quiet one that drifts without harm, and a bad one. Each line is a make of its own, since
# retraining changes the config that make has read.
all: ## raw rows to a model in production, two days of it, and a decision to retrain
	@$(MAKE) prepare train gate
	@$(MAKE) start
	@$(MAKE) smoke
	@$(MAKE) replay monitor retrain DAY=quiet
	@$(MAKE) replay monitor retrain DAY=bad
	@$(MAKE) stop
	@$(MAKE) audit
	@$(MAKE) summary

summary: ## what is live, what happened, where to look
	@$(NODE) scripts/watch-summary.ts

##@ Data

init: ## a project for a table of yours   CSV=path/to/table.csv TARGET=column [DIR=projects/name]
	@$(NODE) scripts/data-init.ts --csv "$$CSV" --target "$$TARGET" --dir "$$DIR"

# make prepare VERSION=v2 makes the next data version; without it the configured one is meant.
DATA_VERSION := $(or $(if $(filter prepare,$(MAKECMDGOALS)),$(VERSION)),$(CURRENT_VERSION))

raw: $(RAW) ## the raw file: simulated, downloaded from UCI, or yours (data.source)
	$(call up-to-date,raw,$(RAW))
$(RAW) &: $(RAW_SETTINGS)
	@$(NODE) scripts/data-ingest.ts
	@$(SAID)

prepare: $(PROCESSED)/$(DATA_VERSION)_train.csv ## rows checked, cleaned and split into a data version   [VERSION=v2]
	$(call up-to-date,prepare,data $(DATA_VERSION))
	$(if $(filter-out $(CURRENT_VERSION),$(DATA_VERSION)),@$(NODE) scripts/config-set.ts data.current_version $(DATA_VERSION))
# Only this version can be made: the settings of older ones are gone. On a failure make must not delete what was there.
DATA_FILES := $(PROCESSED)/$(DATA_VERSION)_train.csv $(PROCESSED)/$(DATA_VERSION)_test.csv
.PRECIOUS: $(DATA_FILES)
$(DATA_FILES) &: $(RAW) $(LABELLED) $(STATE)/prepare.json $(program.data-prepare)
	@$(NODE) scripts/data-prepare.ts --version $(DATA_VERSION)
	@$(SAID)

##@ Model

train: $(MODELS)/latest.json ## a model version from the current data and settings, evaluated and registered
	$(call up-to-date,train,$(shell sed -n 's/.*"summary": "\(.*\)".*/\1/p' $<))
$(MODELS)/latest.json: $(PROCESSED)/$(CURRENT_VERSION)_train.csv $(STATE)/train.json $(program.model-train)
	@$(NODE) scripts/model-train.ts
	@$(SAID)

gate: $(MODELS)/latest.json ## pass, fail (exit 3) or inconclusive against evaluation.minimum   [VERSION=v2]
	@$(NODE) scripts/model-gate.ts "$$VERSION"

# A file for each trial, by number and rung, made by whichever job is free; an interrupted search goes on where it was.
TRIAL := .make/model-trial.mjs
$(TRIAL): $(program.model-trial) scripts/program-bundle.ts $(PACKAGES)
	@$(NODE) scripts/program-bundle.ts scripts/model-trial.ts $@ && touch $@
$(REPORTS)/tuning/trial-%.json: $(PROCESSED)/$(CURRENT_VERSION)_train.csv $(STATE)/tune.json $(TRIAL)
	@node $(TRIAL) $*

tune: $(PROCESSED)/$(CURRENT_VERSION)_train.csv $(TRIAL) ## searches settings of the model by tuning.*: reports/tuning/leaderboard.html   [-j 4] [APPLY=yes]
	$(if $(filter-out yes,$(APPLY)),$(error APPLY=$(APPLY): yes, or leave it out))
	@for rung in $(RUNGS); do $(MAKE) --silent $$($(NODE) scripts/model-tune.ts --files $$rung) || exit; done
	@$(NODE) scripts/model-tune.ts --apply "$$APPLY"

registry: ## every version: data, metrics, stage, aliases, what is live with which share
	@$(NODE) scripts/model-registry.ts
versions: registry ## the same

compare: ## two versions on the same rows   A=v1 B=v2
	@$(NODE) scripts/model-compare.ts "$$A" "$$B"

alias: ## points a name at a version   NAME=challenger VERSION=v3 (VERSION=none takes it away)
	@$(NODE) scripts/model-alias.ts "$$NAME" "$$VERSION" --reason "$$REASON"

stage: ## None, Staging or Archived; Production is what promote gives   VERSION=v2 STAGE=Archived
	@$(NODE) scripts/model-stage.ts "$$VERSION" "$$STAGE" --reason "$$REASON"

archive: ## the stage Archived for a version, or for all that nothing points at   [VERSION=v2]
	@$(NODE) scripts/model-stage.ts "$$VERSION" --archive --reason "$$REASON"

promote: ## makes a version champion; a running server switches over   VERSION=v2 [REASON="…"]
	@$(NODE) scripts/model-promote.ts "$$VERSION" --reason "$$REASON"

rollback: ## ends a canary, else makes the previous champion champion again   [REASON="…"]
	@$(NODE) scripts/model-rollback.ts --reason "$$REASON"

reproduce: ## trains a version again from its recorded inputs and compares bytes   [VERSION=v1]
	@$(NODE) scripts/model-reproduce.ts "$$VERSION"

export: ## a version's metrics.json, feature_importances.csv and model in a plain folder   [VERSION=v2 OUT=artifacts]
	@$(NODE) scripts/model-export.ts "$$VERSION" "$$OUT"

##@ Serving

# The first version that passes the gate becomes champion; later ones are promoted. What is live needs no training.
ifeq (,$(wildcard $(MODELS)/aliases.json))
$(MODELS)/aliases.json: | $(MODELS)/latest.json
	@$(NODE) scripts/model-promote.ts --first
endif

# One file that starts in a third of the time that compiling every module of scripts/serve-api.ts takes.
SERVER := .make/serve-api.mjs
$(SERVER): $(program.serve-api) scripts/program-bundle.ts $(PACKAGES)
	@$(NODE) scripts/program-bundle.ts scripts/serve-api.ts $@ && touch $@

serve: $(MODELS)/aliases.json $(SERVER) ## the API in the foreground, until Ctrl-C
	@exec node $(SERVER)

start: $(MODELS)/aliases.json $(SERVER) ## the API in the background
	@$(NODE) scripts/serve-start.ts

restart: ## the workers of that API one after the other, no request dropped (deployment.workers ≥ 2)
	@$(NODE) scripts/serve-restart.ts

stop: ## ends the API started in the background
	@$(NODE) scripts/serve-stop.ts

smoke: $(MODELS)/aliases.json $(SERVER) ## three requests against the live API, or a throwaway one
	@$(NODE) --test-reporter ./lib/terminal-reporter.ts scripts/serve-smoke.ts

# The pointers of models/traffic.json; a running server follows. For each shadow it starts scripts/serve-shadow.ts.
canary: ## a share of the requests for one version   VERSION=v3 WEIGHT=10 (WEIGHT=0 ends it)
	@$(NODE) scripts/serve-traffic.ts canary "$$VERSION" "$$WEIGHT" --reason "$$REASON"

shadow: ## a version that scores every request and answers none   VERSION=v3 (VERSION=none ends it)
	@$(NODE) scripts/serve-traffic.ts shadow "$$VERSION" --reason "$$REASON"

split: ## shares for several versions at once   SPLIT="v2=20 v3=10" (SPLIT=none ends it)
	@$(NODE) scripts/serve-traffic.ts split "$$SPLIT" --reason "$$REASON"

rollout: ## more traffic for a version step by step, each step judged; back by itself   VERSION=v3
	@$(NODE) scripts/serve-rollout.ts "$$VERSION" --reason "$$REASON"

live: ## which version is live and who put it there   [AT=2026-11-20T10:00Z]
	@$(NODE) scripts/serve-live.ts --at "$$AT"

##@ After deployment

# Day 2, as rows that the API has not seen. The bad day is the quiet one with the changes that the config declares.
$(PRODUCTION)/bad.csv: $(LATER_ROWS) $(STATE)/day2.json $(program.data-perturb)
	@$(NODE) scripts/data-perturb.ts

replay: $(MODELS)/aliases.json $(LATER_ROWS) $(if $(filter bad,$(DAY)),$(PRODUCTION)/bad.csv) ## a day's rows through the API, then their truth   DAY=quiet or bad
	@$(NODE) scripts/serve-replay.ts --day $(DAY)

labels: ## records the truth of predictions   CSV=file with id,label
	@$(NODE) scripts/watch-labels.ts "$$CSV"

monitor: ## errors, metrics, drift and latency from the API logs: reports/monitor.html
	@$(NODE) scripts/watch-monitor.ts

watch: ## make monitor again and again, every monitoring.interval_seconds
	@exec $(NODE) scripts/watch-monitor.ts --forever

drift: ## one CSV against another: PSI and KS by column   REF=before.csv NEW=after.csv [OUT=drift_report.json]
	@$(NODE) scripts/watch-drift.ts --ref "$$REF" --new "$$NEW" --out "$$OUT"

notify: ## sends the alerts that the webhook has not had (make monitor does it by itself)
	@$(NODE) scripts/watch-notify.ts

agent: ## what the monitoring means and what to do: reports/agent_plan.yaml   [METRICS=history.jsonl DRIFT=drift.json OUT=plan.yaml]
	@$(NODE) scripts/watch-agent.ts --metrics "$$METRICS" --drift "$$DRIFT" --out "$$OUT"

report: ## a version against the champion, for its reviewer: reports/report_v2.md and .html   [VERSION=v2]
	@$(NODE) scripts/watch-report.ts "$$VERSION"

card: ## the model card of a version from its artefacts: reports/model_card_v2.md   [VERSION=v2]
	@$(NODE) scripts/watch-card.ts "$$VERSION"

retrain: ## decides whether to retrain and records why; if yes, retrains, compares, promotes
	@$(NODE) scripts/watch-retrain.ts

##@ Trust

audit: ## every ledger's chain and every recorded sha256
	@$(NODE) scripts/trust-audit.ts

trace: ## one prediction back to the raw rows, every hash checked   ID=…
	@$(NODE) scripts/trust-trace.ts "$$ID"

explain: ## what a version looks at (Shapley values), or why one prediction is what it is   [VERSION=v2] or ID=…
	@$(NODE) $(if $(ID),scripts/trust-explain-prediction.ts "$$ID",scripts/trust-explain.ts "$$VERSION")

explain-batch: ## contributions of each input for every row of a file   CSV=rows.csv [VERSION=v2]
	@$(NODE) scripts/trust-explain-batch.ts "$$CSV" "$$VERSION"

explain-diff: ## what changed between two versions   A=v1 B=v2
	@$(NODE) scripts/trust-explain-diff.ts "$$A" "$$B"

fairness: ## what groups of people get from a version, and what bringing them closer would cost   [VERSION=v2]
	@$(NODE) scripts/trust-fairness.ts "$$VERSION"

doctor: ## says and mends what an interrupted run left behind
	@$(NODE) scripts/trust-doctor.ts

##@ Development

test: $(PACKAGES) ## every test   [ONLY=test/lib/trees.test.ts]
	@$(NODE) --test --test-concurrency 2 $(or $(ONLY),test/*/*.test.ts)

check: $(PACKAGES) ## types, lint and format
	@node_modules/.bin/tsc
	@node_modules/.bin/biome check .

bench: $(PACKAGES) .venv/installed ## quality and speed beside scikit-learn, LightGBM and xgboost: reports/bench.json   [ONLY=ai4i]
	@$(NODE) bench/bench.ts $(ONLY)
faults: $(PACKAGES) ## kills, full and failing disks, damaged files: how many were tried, what was lost (must be 0)
	@$(NODE) bench/faults.ts
figures: $(PACKAGES) ## the figures that README and REPORT quote, from a life on the real AI4I file: bench/figures.json
	@$(NODE) bench/figures.ts
# The peers need Python; without it the benchmark says what it skips. The product never needs it.
.venv/installed: bench/requirements.txt
	@mkdir -p .venv && { python3 -m venv .venv && .venv/bin/pip install --quiet -r $< && touch $@ || true; } 2>&1 | tail -1

clean: ## removes what make remembers and the reports; data, models and ledgers stay
	@rm -rf $(STATE) $(or $(REPORTS),reports)

# Packages, from the lock file. Node is checked here because nothing runs without them.
$(PACKAGES): package-lock.json
	@node -e 'if (+process.versions.node.split(".")[0] < 20) { console.error("Node 20 or newer is needed, this is " + process.version + ": https://nodejs.org"); process.exit(1) }'
	@npm ci --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@
	@echo "packages   $$(ls node_modules | wc -l) folders, installed from package-lock.json"

FORCE:
.PHONY: FORCE help all summary init raw prepare train gate tune registry versions compare alias stage archive promote rollback \
  reproduce export serve start restart stop smoke canary shadow split rollout live replay labels monitor watch drift notify agent report card retrain audit trace explain explain-batch explain-diff fairness doctor test check bench faults figures clean
