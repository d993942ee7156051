# synth: rows that are like the real ones and are none of them, with and without a promise of privacy, and what they are worth.

##@ Data

synthesize: $(RAW) ## rows like the real ones: data/synthetic/tree.csv   [METHOD=copula|tree|mst] [EPSILON=1] [ROWS=1000] [WHERE="…"] [OUT=rows.csv]
	@$(RUN)/synth-rows.mjs
judge-synthetic: $(RAW) ## how like the real rows they are, what a model learns from them, what they tell: reports/synthetic.html   CSV=rows.csv
	@$(RUN)/synth-judge.mjs
torture: ## the whole life on synthetic tables of awkward shapes   [ONLY=shape]
	@$(RUN)/synth-torture.mjs
