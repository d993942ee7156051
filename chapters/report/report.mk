# report: everything there is about a version, for its reviewer, and its model card.

##@ Trust

report: ## a version against the champion, for its reviewer, and its model card: reports/report_v2.html   [VERSION=v2]
	@$(RUN)/report-version.mjs
