# agent: what the monitoring means and what to do about it, by rules; a language model may word it.

##@ After deployment

agent: ## what the monitoring means and what to do: reports/agent_plan.yaml   [METRICS=history.jsonl DRIFT=drift.json OUT=plan.yaml]
	@$(RUN)/agent-plan.mjs
