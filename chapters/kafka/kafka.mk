# kafka: rows from a topic are predicted, and events go to a topic and come from it, each exactly once. Its client is
# installed the first time one of its verbs runs; make all needs neither that nor a broker.

##@ Serving

KAFKA_CLIENT := .make/packages/kafka/node_modules/.package-lock.json
$(KAFKA_CLIENT): chapters/kafka/package.json chapters/kafka/package-lock.json
	@mkdir -p .make/packages/kafka && cp $^ .make/packages/kafka && cd .make/packages/kafka && npm ci --silent --no-audit --no-fund && touch node_modules/.package-lock.json

prove: $(KAFKA_CLIENT)
serve start: $(if $(filter kafka,$(TRANSPORT)),$(KAFKA_CLIENT))

broker: ## a real Kafka on this machine, for development: as many nodes as chapters.kafka.brokers names (Java, Maven)   [STOP=yes]
	@$(RUN)/kafka-broker.mjs
produce: $(KAFKA_CLIENT) $(if $(DAY),$(DAY_ROWS)) ## sends the rows of a table, or of a production day, to the topic of rows   CSV=rows.csv | DAY=bad [RATE=1000 SHUFFLE=500]
	@$(RUN)/kafka-produce.mjs
consume: $(KAFKA_CLIENT) ## predicts the rows of that topic with the champion, each exactly once, until Ctrl-C   [ROWS=1000]
	@exec $(RUN)/kafka-consume.mjs
share: $(KAFKA_CLIENT) ## sends the events that arose here to the topic of events, each exactly once; so does a server, by events.transport   [FOREVER=yes]
	@exec $(RUN)/kafka-share.mjs
land: $(KAFKA_CLIENT) ## takes the events of the topic that arose elsewhere into the stream here, each exactly once   [FOREVER=yes]
	@exec $(RUN)/kafka-land.mjs
lag: $(KAFKA_CLIENT) ## how far the topics are read, what holds the watermark back, what came late: reports/kafka.html
	@$(RUN)/kafka-lag.mjs
