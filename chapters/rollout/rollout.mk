# rollout: more traffic for a version step by step, each step judged from the log; back by itself.

##@ Serving

rollout: ## more traffic for a version step by step, each step judged; back by itself   VERSION=v3 [REASON="…"]
	@$(RUN)/rollout-version.mjs
