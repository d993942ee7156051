/**
 * Predicts the rows of a topic with the champion: rows read, predictions written and offsets moved in one transaction, so that each
 * row is predicted once though this is killed anywhere. What is no row of the model goes to the topic of dead letters.
 */

import { sectionOf } from '../../../lib/config/parse.ts';
import { chapters } from '../../../lib/door.ts';
import { badInput } from '../../../lib/fault.ts';
import { followFleet } from '../../../lib/predict/fleet.ts';
import type { Project } from '../../../lib/project.ts';
import { idKey, idSource } from '../../../lib/record/event-id.ts';
import { logEvent } from '../../../lib/serve/application-log.ts';
import { sleep } from '../../../lib/serve/client.ts';
import { type Argument, step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { formatCount, formatMany } from '../../../lib/words.ts';
import { type Kafka, type Message, makeTopics, openKafka, READ_COMMITTED, reasonOf } from '../client.ts';
import { predictRows } from '../predict-rows.ts';
import { type KafkaSettings, kafkaSection } from '../settings.ts';

/** Rows of a transaction at most, and rows that are held before the broker is asked to wait. */
const BATCH = 1000;
const HELD = 5000;
const BACK_OFF_MS = [100, 500, 2000, 5000];

const rows: Argument<number> = (given) => {
  const count = given === undefined ? Number.POSITIVE_INFINITY : Number(given);
  if (!(count >= 1)) throw badInput(`ROWS=${given}  is no number of rows`);
  return count;
};

let stopping = false;

step({ chapters, args: { ROWS: rows } }, async (project, { ROWS }) => {
  const settings = sectionOf(project.config, kafkaSection);
  const kafka = await openKafka(settings);
  await makeTopics(kafka, settings);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => (stopping = true));
  const done = { predictions: 0, dead: 0 };
  for (let failures = 0; !stopping && done.predictions + done.dead < ROWS; ) {
    const before = done.predictions + done.dead;
    try {
      await session(project, kafka, settings, done, ROWS);
    } catch (error) {
      failures = done.predictions + done.dead > before ? 1 : failures + 1;
      logEvent('error', 'what was begun is taken back, and tried again', { problem: reasonOf(error) });
      await sleep(BACK_OFF_MS[Math.min(failures, BACK_OFF_MS.length) - 1]!);
    }
  }
  say(
    'consume',
    `${formatMany(done.predictions, 'row')} predicted, ${formatCount(done.dead)} to ${settings.topics.dead}`,
  );
  process.exit(0);
});

/** From a fresh connection on until it breaks, is told to stop, or has done enough. */
async function session(
  project: Project,
  kafka: Kafka,
  settings: KafkaSettings,
  done: { predictions: number; dead: number },
  rows: number,
): Promise<void> {
  const fleet = followFleet(
    project,
    () => {},
    ({ version, problem }) => logEvent('error', `${version} refused`, { problem }),
  );
  const newId = idSource(idKey(project.ledgers.idKey));
  const consumer = kafka.consumer(settings.group);
  // A name of its own: many consume beside each other, and the group says who reads what.
  const producer = kafka.producer(`${settings.group}-${process.pid}-${Date.now()}`);
  let waiting: Message[] = [];
  let broken: Error | undefined;
  try {
    const stream = await consumer.consume({
      autocommit: false,
      topics: [settings.topics.rows],
      mode: 'committed',
      fallbackMode: 'earliest',
      sessionTimeout: 10_000,
      heartbeatInterval: 500,
      maxWaitTime: 100,
      isolationLevel: READ_COMMITTED,
    });
    stream.on('error', (error) => {
      broken = error;
    });
    stream.on('data', (message) => {
      waiting.push(message);
      if (waiting.length >= HELD) stream.pause();
    });
    let isFirst = true;
    while (!stopping && done.predictions + done.dead < rows) {
      if (broken !== undefined) throw broken;
      if (waiting.length === 0) {
        await sleep(5);
        continue;
      }
      const taken = waiting.slice(0, BATCH);
      waiting = waiting.slice(BATCH);
      if (waiting.length < HELD) stream.resume();
      fleet.follow();
      const { model } = fleet.current();
      const predicted = predictRows(taken, model, settings.topics, newId, new Date());
      // A name that was used before begins anew with an id of its own.
      const transaction = await producer.beginTransaction(
        isFirst ? { producerId: -1n, producerEpoch: -1 } : undefined,
      );
      isFirst = false;
      try {
        await transaction.addConsumer(consumer);
        await transaction.send({ messages: predicted.messages });
        for (const message of lastOfEach(taken)) await transaction.addOffset(message);
        await transaction.commit();
      } catch (error) {
        await transaction.abort().catch(() => {});
        throw error;
      }
      done.predictions += predicted.predictions;
      done.dead += predicted.dead;
    }
  } finally {
    await consumer.close(true).catch(() => {});
    await producer.close(true).catch(() => {});
  }
}

function lastOfEach(messages: readonly Message[]): Message[] {
  return [...new Map(messages.map((message) => [message.partition, message])).values()];
}
