# tune: searches settings of the model. A file for each trial, by number and rung, made by whichever job is free; an
# interrupted search goes on where it was.

##@ Model

$(REPORTS)/tuning/trial-%.json: export TRIAL = $*
$(REPORTS)/tuning/trial-%.json: $(PROCESSED)/$(CURRENT_VERSION)_train.csv $(STATE)/tune.json $(program.tune-trial)
	@$(RUN)/tune-trial.mjs

tune: $(PROCESSED)/$(CURRENT_VERSION)_train.csv ## searches settings by chapters.tune: reports/tuning/leaderboard.html   [-j 4] [APPLY=yes]
	$(if $(filter-out yes,$(APPLY)),$(error APPLY is yes, or left out))
	@for rung in $(RUNGS); do $(MAKE) --silent APPLY= $$(APPLY= RUNG=$$rung $(RUN)/tune-rank.mjs) || exit; done
	@$(RUN)/tune-rank.mjs
