# challenge: the commands of the Mini-Prod challenge that are nothing else here (README.md).

##@ After deployment

drift: ## one CSV against another: PSI and KS by column   REF=before.csv NEW=after.csv [OUT=drift_report.json]
	@$(RUN)/drift-compare.mjs
export: ## a version's metrics.json, feature_importances.csv and model in a plain folder   [VERSION=v2 OUT=artifacts]
	@$(RUN)/model-export.mjs
