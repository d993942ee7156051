# shadow: a version that scores a copy of every request and answers none; a process beside the server.

##@ Serving

shadow: ## a version that scores every request and answers none   VERSION=v3 (VERSION=none ends it) [REASON="…"]
	@$(RUN)/shadow-set.mjs
