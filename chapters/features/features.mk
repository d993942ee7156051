# features: what was known of an entity at a time, computed by one definition for training and for serving. lmdb and the client of Redis
# are installed the first time they are needed; make all needs neither.

##@ Data

FEATURE_STORES := .make/packages/features/node_modules/.package-lock.json
$(FEATURE_STORES): chapters/features/package.json chapters/features/package-lock.json
	@mkdir -p .make/packages/features && cp $^ .make/packages/features && cd .make/packages/features && npm ci --silent --no-audit --no-fund && touch node_modules/.package-lock.json
serve start: $(if $(filter lmdb redis,$(FEATURES_ONLINE)),$(FEATURE_STORES))

features: $(if $(FEATURE_FILES),$(RAW)) ## rows with what was known of each at its time (data.source: features)
	$(if $(FEATURE_FILES),,@echo '$(CONFIG)  data.source is not features: there is no spine to join to' >&2; exit 2)
	$(call up-to-date,$(call says,features,$(RAW)))
materialize: $(FEATURE_STORES) ## puts what is known now where requests find it   [AT=2026-11-20T10:00Z] [FOREVER=yes]
	@exec $(RUN)/features-materialize.mjs
feature-registry: ## every feature: what it means, its values, who uses it: reports/features.html
	@$(RUN)/features-registry.mjs
fleet: ## the simulated fleet of examples/fleet: readings, repairs and rows to ask about
	@$(RUN)/features-fleet.mjs
