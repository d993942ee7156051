# dag: the rules as make knows them, what is made from what, and what is out of date.

##@ Development

dag: ## what is made from what, and what is out of date, from make's own database: reports/dag.svg
	@$(RUN)/dag-draw.mjs
explain-step: ## what a step reads and writes, why it would run now, what its script says, and the line it left last   STEP=train
	@$(RUN)/dag-explain.mjs
