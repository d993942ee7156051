/** Sends the rows of a CSV to the topic of rows as JSON, keyed by their ids so that those of one entity stay in order. */
import { sectionOf } from '../../../lib/config/parse.ts';
import { rolesOf } from '../../../lib/config/roles.ts';
import { chapters } from '../../../lib/door.ts';
import { badInput } from '../../../lib/fault.ts';
import { readTable } from '../../../lib/files/csv.ts';
import { sleep } from '../../../lib/serve/client.ts';
import { optional, required, step } from '../../../lib/step.ts';
import { progress, say } from '../../../lib/terminal.ts';
import { formatMany } from '../../../lib/words.ts';
import { makeTopics, openKafka } from '../client.ts';
import { kafkaSection } from '../settings.ts';

const BATCH = 500;

const args = { CSV: required('which rows? make produce CSV=data/processed/v1_test.csv'), RATE: optional };

step({ chapters, args }, async (project, { CSV, RATE }) => {
  const rate = RATE === undefined ? Number.POSITIVE_INFINITY : Number(RATE);
  if (!(rate > 0)) throw badInput(`RATE=${RATE}  is no number of rows a second`);
  const settings = sectionOf(project.config, kafkaSection);
  const { ids, inputs, sensitive } = rolesOf(project.config.schema);
  const columns = [...ids, ...inputs, ...sensitive];
  const rows = readTable(CSV);
  const missing = inputs.find(({ name }) => rows[0]?.[name] === undefined);
  if (missing !== undefined) throw badInput(`${CSV}  has no column "${missing.name}"`);
  const kafka = await openKafka(settings);
  await makeTopics(kafka, settings);
  const producer = kafka.producer();
  const bar = progress('produce', rows.length);
  const start = performance.now();
  for (let at = 0; at < rows.length; at += BATCH) {
    await sleep(start + (at / rate) * 1000 - performance.now());
    const messages = rows.slice(at, at + BATCH).map((row, i) => {
      const present = columns.filter(({ name }) => row[name] !== undefined);
      const value = Object.fromEntries(
        present.map(({ name, type }) => {
          const cell = row[name]!;
          return [name, cell === '' ? null : type === 'number' || type === 'integer' ? Number(cell) : cell];
        }),
      );
      const key = ids.length === 0 ? String(at + i) : ids.map(({ name }) => row[name] ?? '').join('\n');
      return {
        topic: settings.topics.rows,
        key: Buffer.from(key),
        value: Buffer.from(JSON.stringify(value)),
      };
    });
    // One after the other: of two at once an idempotent producer loses the order.
    await producer.send({ messages });
    bar.update(at + messages.length);
  }
  bar.stop();
  await producer.close(true);
  say('produce', `${formatMany(rows.length, 'row')} to ${settings.topics.rows}`);
  process.exit(0);
});
