# kafka: rows from a topic are predicted into another, each exactly once, and come into the stream of events here. Its client is
# installed the first time one of its verbs runs; make all needs neither that nor a broker.

##@ Serving

KAFKA_CLIENT := .make/packages/kafka/node_modules/.package-lock.json
$(KAFKA_CLIENT): chapters/kafka/package.json chapters/kafka/package-lock.json
	@mkdir -p .make/packages/kafka && cp $^ .make/packages/kafka && cd .make/packages/kafka && npm ci --silent --no-audit --no-fund && touch node_modules/.package-lock.json

prove: $(KAFKA_CLIENT)

broker: ## a real Kafka on this machine, for development: as many nodes as chapters.kafka.brokers names (Java, Maven)   [STOP=yes]
	@$(RUN)/kafka-broker.mjs
produce: $(KAFKA_CLIENT) ## sends the rows of a table to the topic of rows   CSV=rows.csv [RATE=1000]
	@$(RUN)/kafka-produce.mjs
consume: $(KAFKA_CLIENT) ## predicts the rows of that topic with the champion, each exactly once, until Ctrl-C   [ROWS=1000]
	@exec $(RUN)/kafka-consume.mjs
land: $(KAFKA_CLIENT) ## takes the predictions of the topic into the stream of events here, each exactly once   [FOREVER=yes]
	@exec $(RUN)/kafka-land.mjs
