/** Sends rows to the topic of rows as JSON, keyed by their ids so that those of one entity are in one partition. */
import { sectionOf } from '../../../lib/config/parse.ts';
import { rolesOf } from '../../../lib/config/roles.ts';
import { chapters } from '../../../lib/door.ts';
import { badInput, failed } from '../../../lib/fault.ts';
import { readTable } from '../../../lib/files/csv.ts';
import { random } from '../../../lib/numbers/random.ts';
import { DAYS, dayPath } from '../../../lib/registry/data-versions.ts';
import { sleep } from '../../../lib/serve/client.ts';
import { type Argument, oneOf, optional, step } from '../../../lib/step.ts';
import { progress, say } from '../../../lib/terminal.ts';
import { formatCount, formatMany } from '../../../lib/words.ts';
import { answered, makeTopics, type Outgoing, openKafka, reasonOf, sendAll } from '../client.ts';
import { kafkaSection } from '../settings.ts';

const BATCH = 500;
const SEED = 1;

function above(name: string, least: number): Argument<number | undefined> {
  return (given) => {
    if (given === undefined) return undefined;
    const value = Number(given);
    if (!(value >= least) || value === 0 || (least === 1 && !Number.isInteger(value)))
      throw badInput(`${name}=${given}  is no number of rows`);
    return value;
  };
}

const args = {
  CSV: optional,
  DAY: oneOf('DAY', DAYS),
  RATE: above('RATE', 0),
  SHUFFLE: above('SHUFFLE', 1),
};

step({ chapters, args }, async (project, { CSV, DAY, RATE = Number.POSITIVE_INFINITY, SHUFFLE = 1 }) => {
  if ((CSV === undefined) === (DAY === undefined))
    throw badInput('which rows? make produce CSV=data/processed/v1_test.csv, or make produce DAY=bad');
  const path = CSV ?? dayPath(project, DAY!);
  const settings = sectionOf(project.config, kafkaSection);
  const { ids, inputs, sensitive } = rolesOf(project.config.schema);
  const columns = [...ids, ...inputs, ...sensitive];
  const rows = shuffled(readTable(path), SHUFFLE);
  const missing = inputs.find(({ name }) => rows[0]?.[name] === undefined);
  if (missing !== undefined) throw badInput(`${path}  has no column "${missing.name}"`);
  const toMessage = (row: (typeof rows)[number], number: number): Outgoing => {
    const present = columns.filter(({ name }) => row[name] !== undefined);
    const value = Object.fromEntries(
      present.map(({ name, type }) => {
        const cell = row[name]!;
        return [name, cell === '' ? null : type === 'number' || type === 'integer' ? Number(cell) : cell];
      }),
    );
    const key = ids.length === 0 ? String(number) : ids.map(({ name }) => row[name] ?? '').join('\n');
    return { topic: settings.topics.rows, key: Buffer.from(key), value: Buffer.from(JSON.stringify(value)) };
  };
  const kafka = await openKafka(settings);
  await makeTopics(kafka, settings);
  const producer = kafka.producer();
  const bar = progress('produce', rows.length);
  const start = performance.now();
  for (let at = 0; at < rows.length; ) {
    // At a rate so many at a time that a tenth of a second passes between them.
    const batch = Math.max(1, Math.min(BATCH, Math.round(RATE / 10)));
    await sleep(Math.max(0, start + (at / RATE) * 1000 - performance.now()));
    const messages = rows.slice(at, at + batch).map((row, i) => toMessage(row, at + i));
    // One after the other: of two at once an idempotent producer loses the order.
    await answered(sendAll(producer, messages), 'the broker').catch((error: unknown) => {
      throw failed(`${formatCount(at)} of ${formatMany(rows.length, 'row')} were sent: ${reasonOf(error)}`);
    });
    at += messages.length;
    bar.update(at);
  }
  bar.stop();
  await producer.close(true);
  const order = SHUFFLE === 1 ? '' : `, up to ${formatCount(SHUFFLE)} rows out of order`;
  say('produce', `${formatMany(rows.length, 'row')} to ${settings.topics.rows}${order}`);
  process.exit(0);
});

/** Rows out of order on purpose: so many after one another change places among themselves (Fisher and Yates). */
function shuffled<T>(rows: readonly T[], span: number): T[] {
  const order = [...rows];
  const rng = random(SEED, 'shuffle');
  for (let from = 0; from < order.length; from += span)
    for (let i = Math.min(from + span, order.length) - 1; i > from; i--) {
      const j = from + rng.int(i - from + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
  return order;
}
