# What follows from the ## lines of every makefile: which verbs there are, what each takes, and in which order they run.
# A line is "verb: files ## what it does   ARGUMENT=example [OPTIONAL=example]"; after ##@ stands a phase of the life.

# verb, and verb=ARGUMENT for each that it takes.
DECLARED := $(shell awk -F ':.*##+ ' '/^[a-z][a-z-]*:.*## / { print $$1; while (match($$2, /[A-Z]+=/)) { \
  print $$1 "=" substr($$2, RSTART, RLENGTH - 1); $$2 = substr($$2, RSTART + RLENGTH) } }' Makefile make/*.mk $(wildcard chapters/*/*.mk bench/*.mk))
VERBS := $(sort $(foreach word,$(DECLARED),$(if $(findstring =,$(word)),,$(word))))
.PHONY: $(VERBS)

# An argument that no verb of this call takes is a mistake.
GOALS := $(filter $(VERBS),$(MAKECMDGOALS))
given = $(filter command%,$(origin $1))
$(if $(GOALS),$(foreach argument,$(filter-out THROWAWAY OWNER FOREVER RUNG TRIAL,$(ARGUMENTS)),$(if $(call given,$(argument)),\
  $(if $(filter $(addsuffix =$(argument),$(GOALS) $(if $(filter all,$(GOALS)),all)),$(DECLARED)),,\
    $(error make $(GOALS) takes no $(argument). make help says what each verb takes)))))

# Verbs that are given together run in the order given, whatever -j.
BEFORE :=
$(foreach verb,$(GOALS),$(if $(filter $(verb),$(BEFORE)),,$(eval $(verb): | $(BEFORE))$(eval BEFORE += $(verb))))

help: ## this list (also plain make)
	@awk -F ':.*##+ ' '/^##@ / { phase = substr($$0, 5); if (!(phase in lines)) order[++phases] = phase; next } \
	  /^[a-z][a-z-]*:.*[^#]## / { lines[phase] = lines[phase] sprintf("  make %-10s %s\n", $$1, $$2) } \
	  END { for (i = 1; i <= phases; i++) if (lines[order[i]]) printf "%s\n%s", order[i], lines[order[i]] }' \
	  Makefile make/verbs.mk $(wildcard chapters/*/*.mk bench/*.mk)

# A verb or a file that is not there: the nearest one is suggested.
.DEFAULT:
	@$(file >$(STATE)/unknown,$@)$(RUN)/verb-suggest.mjs
