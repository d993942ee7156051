# explain: what a version looks at, by Shapley values; why one prediction is what it is; a file of rows; two versions.

##@ Trust

explain: ## what a version looks at, or one prediction, a file of rows, two versions   [VERSION=v2] or ID=… or CSV=rows.csv or A=v1 B=v2
	@$(RUN)/explain-$(if $(ID),prediction,$(if $(CSV),rows,$(if $(A)$(B),difference,version))).mjs
