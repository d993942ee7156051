# experiments: everything that was tried is kept as a run, by its inputs; listed, compared, and tried from a file of ideas. Each idea is
# tried by whichever job is free, and what was tried before is not tried again.

##@ Model

train: ### what is to be said of its run   [NOTE="…"] [TAGS="wear,v2"]

experiments: ## every run, the best first, or one and what changed since the one before: reports/experiments.html   [WHERE="algorithm=RandomForest pr_auc>.9"] [SORT=pr_auc] [ID=v2]
	@$(RUN)/experiments-list.mjs
experiment: $(PROCESSED)/$(CURRENT_VERSION)_train.csv ## tries what a file of ideas names, a list or a grid, and what is left of it   FILE=ideas.yaml [-j 4] [NOTE="…"] [TAGS="wear,v2"]
	@left=$$($(RUN)/experiments-ideas.mjs) && { [ -z "$$left" ] || FILE= $(MAKE) --silent --keep-going $$left; } && DONE=yes $(RUN)/experiments-ideas.mjs
$(STATE)/ideas/%.tried: export IDEA = $*
$(STATE)/ideas/%.tried: FORCE
	@$(RUN)/experiments-try.mjs
note: ## says something of a run; make train and make experiment take it too   ID=v2 [NOTE="…"] [TAGS="wear,v2"]
	@$(RUN)/experiments-note.mjs
metrics: ## the metrics of a version, a run or a git revision   [ID=v2]
	@$(RUN)/experiments-metrics.mjs
metrics-diff: ## how much the metrics of one differ from those of another: versions, runs or git revisions   A=v1 B=HEAD
	@DIFF=yes $(RUN)/experiments-metrics.mjs
