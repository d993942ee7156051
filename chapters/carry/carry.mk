# carry: what a project needs to go on elsewhere, as one file: ledgers, data versions, models. A pull request is compared with the champion
# that the main branch has packed (.github/workflows).

##@ Trust

pack: ## ledgers, data versions and models as one file   OUT=state.tar.gz
	@$(RUN)/carry-pack.mjs
restore: ## puts them into a fresh project; without FROM from where chapters.carry.from says, if it is there   [FROM=state.tar.gz]
	@$(RUN)/carry-restore.mjs
