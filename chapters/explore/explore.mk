# explore: a first look at a table, as the first notebooks take it.

##@ Data

explore: ## a table at first sight, or two data versions side by side: reports/explore.html   [CSV=tuesday.csv] [A=v1 B=v2]
	@$(RUN)/explore-table.mjs
