/** What must lose, so that the proof is one: it says that rows are read before they are predicted. */
import { sectionOf } from '../../../lib/config/parse.ts';
import { chapters } from '../../../lib/door.ts';
import { loadProject } from '../../../lib/project.ts';
import { sleep } from '../../../lib/serve/client.ts';
import { type Message, openKafka } from '../client.ts';
import { kafkaSection } from '../settings.ts';

const settings = sectionOf(loadProject(chapters).config, kafkaSection);
const kafka = await openKafka(settings);
const producer = kafka.producer();
const consumer = kafka.consumer('offsets-first');
const stream = await consumer.consume({
  autocommit: false,
  topics: [settings.topics.rows],
  mode: 'committed',
  fallbackMode: 'earliest',
  sessionTimeout: 6000,
  heartbeatInterval: 500,
  maxWaitTime: 100,
});
let waiting: (Message & { commit(): Promise<void> })[] = [];
stream.on('data', (message) => void waiting.push(message as (typeof waiting)[number]));
stream.on('error', () => process.exit(1));
for (;;) {
  const taken = waiting.slice(0, 100);
  waiting = waiting.slice(100);
  const last = new Map(taken.map((message) => [message.partition, message]));
  for (const message of last.values()) await message.commit();
  if (taken.length === 0) await sleep(5);
  else {
    process.stdout.write('.');
    await producer.send({
      messages: taken.map(({ value }) => ({
        topic: settings.topics.events,
        key: Buffer.from('control'),
        value,
      })),
    });
  }
}
