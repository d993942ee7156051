# fairness: what groups of people get from a version, by the sensitive columns of the schema.

##@ Trust

fairness: ## what groups of people get from a version, and what bringing them closer would cost   [VERSION=v2] [AT=0.5]
	@$(RUN)/fairness-measure.mjs
