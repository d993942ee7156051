/** chapters.kafka of config.yaml. */
import * as v from 'valibot';
import { count, oneOf, text } from '../../lib/config/values.ts';

const address = v.pipe(text, v.regex(/^[\w.-]+:\d{1,5}$/, 'host:port'));
const topic = v.pipe(text, v.regex(/^[\w.-]{1,200}$/, 'letters, digits and . _ - only'));

const schema = v.strictObject({
  brokers: v.pipe(v.array(address, 'a list of host:port'), v.minLength(1, 'at least one host:port')),
  tls: v.boolean('true or false'),
  sasl: oneOf('none', 'plain', 'scram-sha-256', 'scram-sha-512'),
  topics: v.strictObject({ rows: topic, events: topic, dead: topic, positions: topic }),
  partitions: count(1),
  replication: count(1),
  min_insync: count(1),
  retention_hours: count(1),
  group: topic,
});

export type KafkaSettings = v.InferOutput<typeof schema>;

export const kafkaSection = { name: 'kafka', schema, carries: true } as const;
