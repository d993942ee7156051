# slices: where a model fails, and what a change of its errors comes from.

##@ Trust

slices: ## where it errs more than elsewhere, and what a change comes from   [VERSION=v2] [SINCE=2026-11-20T10:00Z]
	@$(RUN)/slices-find.mjs
