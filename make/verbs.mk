# What follows from the ## lines of every makefile: which verbs there are, what each takes, and in which order they run.
# A line is "verb: files ## what it does   ARGUMENT=example [OPTIONAL=example]"; after ##@ stands a phase of the life.

# verb, and verb=ARGUMENT for each that it takes.
DECLARED := $(shell awk -F ':.*##+ ' '/^[a-z][a-z-]*:.*## / { print $$1; while (match($$2, /[A-Z]+=/)) { \
  print $$1 "=" substr($$2, RSTART, RLENGTH - 1); $$2 = substr($$2, RSTART + RLENGTH) } }' Makefile make/*.mk $(wildcard chapters/*/*.mk bench/*.mk))
VERBS := $(sort $(foreach word,$(DECLARED),$(if $(findstring =,$(word)),,$(word))))
.PHONY: $(VERBS)

# An argument that no verb of this call takes is a mistake, and so is one that no verb takes at all.
GOALS := $(filter $(VERBS),$(MAKECMDGOALS))
TAKEN := $(filter $(foreach goal,$(GOALS),$(goal)=%),$(DECLARED))
$(if $(GOALS),$(foreach argument,$(filter-out $(BETWEEN),$(ARGUMENTS)),$(if $(value $(argument)),$(if $(filter %=$(argument),$(TAKEN)),,\
  $(error make $(GOALS) takes no $(argument). make help says what each verb takes)))))
TYPED := $(foreach name,$(.VARIABLES),$(if $(filter command,$(origin $(name))),$(name)))
$(foreach name,$(filter-out $(ARGUMENTS) CONFIG .FEATURES FEATURES MAKE% SHELL,$(TYPED)),$(file >$(STATE)/unknown,$(name)=)$(error $(shell CONFIG=$(CONFIG) $(RUN)/verb-suggest.mjs 2>&1)))

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
