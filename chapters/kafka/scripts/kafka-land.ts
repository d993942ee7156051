/** Takes the predictions of the topic into the stream of events here, where monitoring and all else reads them: each exactly once. */
import { sectionOf } from '../../../lib/config/parse.ts';
import { chapters } from '../../../lib/door.ts';
import { failed } from '../../../lib/fault.ts';
import { idKey, idSource } from '../../../lib/record/event-id.ts';
import { openEventLog } from '../../../lib/record/event-log.ts';
import type { ModelShape, PredictionLine } from '../../../lib/record/events.ts';
import { sleep } from '../../../lib/serve/client.ts';
import { optional, step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { formatMany } from '../../../lib/words.ts';
import { type Message, makeTopics, openKafka, READ_COMMITTED } from '../client.ts';
import { keepLanded, type LandedLine, landedOffsets } from '../landed.ts';
import { kafkaSection } from '../settings.ts';

const BATCH = 2000;
const HELD = 10_000;
/** With nothing to read for so long everything was read. */
const REST_MS = 2000;

step({ chapters, lock: 'land', args: { FOREVER: optional } }, async (project, { FOREVER }) => {
  const settings = sectionOf(project.config, kafkaSection);
  const topic = settings.topics.predictions;
  const kafka = await openKafka(settings);
  await makeTopics(kafka, settings);
  const { ledgers, config } = project;
  const offsets = landedOffsets(ledgers, topic);
  const newId = idSource(idKey(ledgers.idKey));
  const known = new Map<string, ModelShape>();
  const log = openEventLog({
    folder: ledgers.predictions,
    sensitiveFolder: ledgers.sensitive,
    durability: 'disk',
    maxBytes: config.deployment.log.max_bytes,
    shapes: () => [...known.values()],
    onBroken: (error) => {
      throw failed(`the disk does not hold what was landed: ${error.message}`);
    },
  });
  const consumer = kafka.consumer(`${settings.group}-land`);
  const stream = await consumer.consume({
    autocommit: false,
    topics: [topic],
    mode: 'manual',
    offsets: Array.from({ length: settings.partitions }, (_, partition) => ({
      topic,
      partition,
      offset: offsets.get(partition) ?? 0n,
    })),
    sessionTimeout: 10_000,
    heartbeatInterval: 500,
    maxWaitTime: 200,
    isolationLevel: READ_COMMITTED,
  });
  let waiting: Message[] = [];
  let broken: Error | undefined;
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => (stopping = true));
  stream.on('error', (error) => {
    broken = error;
  });
  stream.on('data', (message) => {
    // A rebalance may give what was read before once more.
    if (message.offset < (offsets.get(message.partition) ?? 0n)) return;
    waiting.push(message);
    if (waiting.length >= HELD) stream.pause();
  });
  let landed = 0;
  for (let last = performance.now(); !stopping; ) {
    if (broken !== undefined) throw failed(`${settings.brokers.join(', ')}: ${broken.message}`);
    if (waiting.length === 0) {
      if (FOREVER === undefined && performance.now() - last > REST_MS) break;
      await sleep(20);
      continue;
    }
    const taken = waiting.slice(0, BATCH);
    waiting = waiting.slice(BATCH);
    if (waiting.length < HELD) stream.resume();
    for (const { partition, offset } of taken) offsets.set(partition, offset + 1n);
    const line: LandedLine = {
      id: newId(),
      time: new Date().toISOString(),
      topic,
      offsets: Object.fromEntries([...offsets].map(([partition, offset]) => [partition, String(offset)])),
    };
    const events = taken.map(({ value }) => value.toString());
    for (const shape of shapesOf(events)) known.set(shape.version, shape);
    await log.append([...events, JSON.stringify(line)], [], [...known.values()].at(-1));
    keepLanded(ledgers, line);
    landed += taken.length;
    last = performance.now();
  }
  await consumer.close(true).catch(() => {});
  await log.close();
  say('land', `${formatMany(landed, 'prediction')} of ${topic} in the stream of events`);
  process.exit(0);
});

/** What the predictions of each version share, so that the segment's first line names the version. */
function shapesOf(events: readonly string[]): ModelShape[] {
  const shapes = new Map<string, ModelShape>();
  for (const text of events) {
    const { model, sha256, ids, input } = JSON.parse(text) as PredictionLine;
    if (!shapes.has(model))
      shapes.set(model, { version: model, sha256, ids: Object.keys(ids), input: Object.keys(input) });
  }
  return [...shapes.values()];
}
