# reproduce: a version again from its recorded code, config and inputs, in a clean folder, compared byte by byte.

##@ Trust

reproduce: ## trains a version again from its recorded inputs and compares bytes   [VERSION=v1]
	@$(RUN)/model-reproduce.mjs
