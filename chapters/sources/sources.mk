# sources: rows from several files of several kinds, joined by their keys (data.source: sources); what comes later is an increment.
# Readers of Parquet and xlsx are installed the first time a table needs them; nothing else does.

##@ Data

SOURCE_READERS := .make/packages/sources/node_modules/.package-lock.json
$(SOURCE_READERS): chapters/sources/package.json chapters/sources/package-lock.json
	@mkdir -p .make/packages/sources && cp $^ .make/packages/sources && cd .make/packages/sources && npm ci --omit=dev --silent --no-audit --no-fund && touch node_modules/.package-lock.json
$(RAW) ingest: $(if $(SOURCES_PACKED),$(SOURCE_READERS))

ingest: ## takes in what the folder of the base table got since, each new file once
	@$(RUN)/sources-ingest.mjs
lineage: ## which columns came from which files, and what became of them: reports/lineage.svg, .txt, .json
	@$(RUN)/sources-lineage.mjs
