# init: looks at a table and writes a project for it, which every verb takes by CONFIG.

##@ The whole life

init: ## a project for a table of yours   CSV=path/to/table.csv TARGET=column [DIR=projects/name]
	@$(RUN)/project-init.mjs
