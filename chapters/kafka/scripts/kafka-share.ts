/**
 * Sends the events that arose here to the topic of events: events and how far they were read in one transaction, so that each is there
 * once though this is killed anywhere, and nobody waits for a broker that is away.
 */
import { sectionOf } from '../../../lib/config/parse.ts';
import { chapters } from '../../../lib/door.ts';
import { isTakenIn } from '../../../lib/record/events.ts';
import { isProgress } from '../../../lib/record/progress.ts';
import { headerOf, type Segment } from '../../../lib/record/segments.ts';
import { readStream } from '../../../lib/record/stream.ts';
import { sleep } from '../../../lib/serve/client.ts';
import { optional, step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { formatMany } from '../../../lib/words.ts';
import { closeQuietly, makeTopics, type Outgoing, openKafka, sendAll } from '../client.ts';
import { readSent, sentMessage } from '../sent.ts';
import { keepAlive, type Life } from '../session.ts';
import { kafkaSection } from '../settings.ts';
import { originOf, toMessages } from '../shared.ts';
import { openTally, TELL_MS } from '../standing.ts';
import { inTransaction } from '../transaction.ts';

const BATCH = 5000;
/** How often it is looked for what is new. */
const REST_MS = 500;

step({ chapters, lock: 'share', args: { FOREVER: optional } }, async (project, { FOREVER }) => {
  const settings = sectionOf(project.config, kafkaSection);
  const { events, positions } = settings.topics;
  const { ledgers } = project;
  const origin = originOf(ledgers);
  const kafka = await openKafka(settings);
  const tally = openTally(project, 'share');
  // A server that was killed leaves none behind that its next one would meet.
  const parent = process.ppid;
  // Nor one that waits for a broker that is gone as well: what is sent is sent whole or not at all, so that it may end anywhere.
  if (FOREVER !== undefined)
    setInterval(() => {
      if (process.ppid !== parent) process.exit(0);
    }, 1000).unref();
  let sent = 0;
  const fromElsewhere = new Map<string, boolean>();
  const isElsewhere = ({ name, path }: Segment) => {
    const known = fromElsewhere.get(name) ?? isTakenIn(headerOf(path));
    fromElsewhere.set(name, known);
    return known;
  };
  const session = async (life: Life) => {
    await makeTopics(kafka, settings);
    const producer = kafka.producer(`${settings.group}-share-${origin}`);
    let told = Number.NEGATIVE_INFINITY;
    try {
      let position = await readSent(kafka, settings, producer, origin);
      while (!life.isOver && process.ppid === parent) {
        const messages: Outgoing[] = [];
        const stream = readStream(
          ledgers,
          position,
          (event, body, segment) => {
            if (!isElsewhere(segment) && !isProgress(event))
              messages.push(...toMessages(event, body, events, origin));
          },
          () => true,
          () => messages.length >= BATCH,
        );
        if (messages.length > 0)
          await inTransaction(
            producer,
            (transaction) =>
              sendAll(transaction, [...messages, sentMessage(positions, origin, stream.position)]),
            false,
          );
        position = stream.position;
        sent += messages.length;
        tally.add({ events: messages.length });
        if (performance.now() - told > TELL_MS) {
          tally.write({ lag: new Map(), rebalances: 0 });
          told = performance.now();
        }
        if (messages.length > 0) continue;
        if (FOREVER === undefined) break;
        await sleep(REST_MS);
      }
    } finally {
      tally.write({ lag: new Map(), rebalances: 0 });
      await closeQuietly(producer);
    }
  };
  await keepAlive(session, () => sent, FOREVER !== undefined);
  say('share', `${formatMany(sent, 'event')} sent to ${events}`);
  process.exit(0);
});
