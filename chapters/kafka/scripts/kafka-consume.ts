/**
 * Predicts the rows of a topic with the champion: rows read, predictions written and offsets moved in one transaction, so that each
 * row is predicted once though this is killed anywhere. What is no row of the model goes to the topic of dead letters.
 */
import { sectionOf } from '../../../lib/config/parse.ts';
import { chapters } from '../../../lib/door.ts';
import { badInput } from '../../../lib/fault.ts';
import { followFleet } from '../../../lib/predict/fleet.ts';
import { idKey, idSource } from '../../../lib/record/event-id.ts';
import { logEvent } from '../../../lib/serve/application-log.ts';
import { sleep } from '../../../lib/serve/client.ts';
import { type Argument, step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { openWatermark } from '../../../lib/watch/watermark.ts';
import { formatCount, formatMany } from '../../../lib/words.ts';
import { closeQuietly, type Message, makeTopics, openKafka, sendAll } from '../client.ts';
import { predictRows } from '../predict-rows.ts';
import { openReader } from '../reader.ts';
import { keepAlive, type Life } from '../session.ts';
import { kafkaSection } from '../settings.ts';
import { keepTelling, openTally } from '../standing.ts';
import { inTransaction } from '../transaction.ts';

/** Rows of a transaction at most, and rows that are held before the broker is asked to wait. */
const BATCH = 4000;
const HELD = 20_000;

const rows: Argument<number> = (given) => {
  const count = given === undefined ? Number.POSITIVE_INFINITY : Number(given);
  if (!(count >= 1)) throw badInput(`ROWS=${given}  is no number of rows`);
  return count;
};

step({ chapters, args: { ROWS: rows } }, async (project, { ROWS }) => {
  const settings = sectionOf(project.config, kafkaSection);
  const kafka = await openKafka(settings);
  const done = { predictions: 0, dead: 0 };
  const settled = () => done.predictions + done.dead;
  const tally = openTally(project, 'consume');
  const newId = idSource(idKey(project.ledgers.idKey));
  const fleet = followFleet(
    project,
    () => {},
    ({ version, problem }) => logEvent('error', `${version} refused`, { problem }),
  );
  const session = async (life: Life) => {
    await makeTopics(kafka, settings);
    // A name of its own: many consume beside each other, and the group says who reads what.
    const producer = kafka.producer(`${settings.group}-${process.pid}-${Date.now()}`);
    const reader = await openReader(kafka, settings.group, settings.topics.rows, HELD);
    const watermark = openWatermark(0);
    const telling = keepTelling(tally, reader, watermark);
    try {
      for (let isFirst = true; !life.isOver && settled() < ROWS; ) {
        if (reader.waiting.length === 0) {
          await sleep(5);
          continue;
        }
        const taken = reader.take((waiting) => waiting.slice(0, Math.min(BATCH, ROWS - settled())));
        fleet.follow();
        const { model } = fleet.current();
        const predicted = predictRows(taken, model, settings.topics, newId, new Date());
        await inTransaction(
          producer,
          async (transaction) => {
            await transaction.addConsumer(reader.consumer);
            await sendAll(transaction, predicted.messages);
            for (const message of lastOfEach(taken)) await transaction.addOffset(message);
          },
          isFirst,
        );
        isFirst = false;
        for (const { partition, timestamp } of lastOfEach(taken))
          watermark.add(String(partition), Number(timestamp));
        done.predictions += predicted.predictions;
        done.dead += predicted.dead;
        tally.add({ events: taken.length, dead: predicted.dead });
      }
    } finally {
      await telling.stop();
      await reader.close();
      await closeQuietly(producer);
    }
  };
  await keepAlive(session, settled, true);
  say(
    'consume',
    `${formatMany(done.predictions, 'row')} predicted, ${formatCount(done.dead)} to ${settings.topics.dead}`,
  );
  process.exit(0);
});

function lastOfEach(messages: readonly Message[]): Message[] {
  return [...new Map(messages.map((message) => [message.partition, message])).values()];
}
