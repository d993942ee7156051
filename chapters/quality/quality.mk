# quality: whether data is as good as it was. A data version that fails a rule that stops is not made; rows that fail one are not
# answered; any file can be judged by itself.

##@ Data

check-data: ## a file judged by the schema and the expectations (an error where a rule stops): reports/quality.html   [CSV=tuesday.csv]
	@$(RUN)/quality-check.mjs
remedy: ## what the declared remedies would change of a file; with OUT it is done   CSV=tuesday.csv [OUT=mended.csv]
	@$(RUN)/quality-remedy.mjs
quarantine: ## the rows that a data version set aside; with OUT as a file to mend   [VERSION=v2] [OUT=mend.csv]
	@$(RUN)/quality-quarantine.mjs
release: ## takes mended rows in, which the next data version joins   CSV=mend.csv BY=you WHY="…"
	@$(RUN)/quality-release.mjs
anomalies: ## rows unlike the others and why, labels that are probably wrong: reports/anomalies.html   [CSV=tuesday.csv] [VERSION=v2]
	@$(RUN)/quality-anomalies.mjs
