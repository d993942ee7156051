# dag: the rules as make knows them, what is made from what, and what is out of date.

##@ Development

dag: ## what is made from what, and what is out of date, from make's own database: reports/dag.svg
	@$(RUN)/dag-draw.mjs
