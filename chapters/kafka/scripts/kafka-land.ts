/** Takes the events of the topic that arose elsewhere into the stream here, where monitoring and all else reads them: each exactly once. */
import { sectionOf } from '../../../lib/config/parse.ts';
import { chapters } from '../../../lib/door.ts';
import { failed } from '../../../lib/fault.ts';
import { idKey, idSource, sharedIdKey } from '../../../lib/record/event-id.ts';
import { type EventLog, openEventLog } from '../../../lib/record/event-log.ts';
import { type LogLine, type ModelShape, SCHEMA, timeOf } from '../../../lib/record/events.ts';
import { keepProgress, type ProgressLine } from '../../../lib/record/progress.ts';
import { sleep } from '../../../lib/serve/client.ts';
import { optional, step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { openWatermark } from '../../../lib/watch/watermark.ts';
import { planOf } from '../../../lib/watch/window-log.ts';
import { formatCount, formatMany } from '../../../lib/words.ts';
import {
  answered,
  closeQuietly,
  deadLetter,
  headerText,
  type Message,
  makeTopics,
  type Outgoing,
  openKafka,
  sendAll,
} from '../client.ts';
import { readForeign } from '../foreign.ts';
import { consumerOf, landedOffsets, type Offsets, offsetsText } from '../offsets.ts';
import { openReader, type Reader } from '../reader.ts';
import { openSeen } from '../seen.ts';
import { keepAlive, type Life } from '../session.ts';
import { kafkaSection } from '../settings.ts';
import { EVENT_SCHEMA, ORIGIN, originOf } from '../shared.ts';
import { keepTelling, openTally, readStandings } from '../standing.ts';
import { inTimeOrder, type Timed } from '../time-order.ts';

const BATCH = 2000;
const HELD = 10_000;
/** With nothing taken for so long everything was read, or a partition that has more gives none. */
const REST_MS = 2000;

interface Landing extends Timed {
  readonly message: Message;
  /** Of the event, milliseconds; NaN where it has none. */
  readonly time: number;
}

step({ chapters, lock: 'land', args: { FOREVER: optional } }, async (project, { FOREVER }) => {
  const settings = sectionOf(project.config, kafkaSection);
  const { events: topic, dead } = settings.topics;
  const { ledgers, config } = project;
  const { disorder, lateness } = planOf(config.monitoring);
  const kafka = await openKafka(settings);
  const origin = originOf(ledgers);
  const newId = idSource(idKey(ledgers.idKey));
  const shapes = new Map<string, ModelShape>();
  const key = sharedIdKey();
  let log: EventLog | undefined;
  const openLog = () =>
    openEventLog({
      folder: ledgers.predictions,
      sensitiveFolder: ledgers.sensitive,
      durability: 'disk',
      maxBytes: config.deployment.log.max_bytes,
      from: topic,
      shapes: () => [...shapes.values()],
      onBroken: (error) => {
        throw failed(`the disk does not hold what was landed: ${error.message}`);
      },
    });
  let offsets: ReadonlyMap<number, bigint> = landedOffsets(ledgers, topic);
  const last = readStandings(project).find(({ role }) => role === 'land');
  const watermark = openWatermark(disorder, {
    watermark: last?.watermark ?? null,
    partitions: Object.fromEntries(
      (last?.partitions ?? []).flatMap(({ partition, latest, idle }) =>
        latest === null ? [] : [[String(partition), { latest, isIdle: idle }]],
      ),
    ),
  });
  const latest = Math.max(0, ...(last?.partitions ?? []).map((each) => each.latest ?? 0));
  const seen = openSeen(ledgers, offsets.size === 0 ? undefined : Math.floor((latest || Date.now()) / 1000));
  const tally = openTally(project, 'land');
  const done = { landed: 0, dead: 0 };

  const lineOf = (at: ReadonlyMap<number, bigint>): ProgressLine<Offsets> => ({
    id: newId(),
    time: new Date().toISOString(),
    consumer: consumerOf(topic),
    at: offsetsText(at),
  });
  /** On record here, with how far that is, before it counts as taken. */
  const land = async (taken: readonly Landing[], bury: (letters: Outgoing[]) => Promise<void>) => {
    const after = new Map(offsets);
    const sound: { landing: Landing; event: LogLine; line: string }[] = [];
    const letters: Outgoing[] = [];
    for (const landing of taken) {
      const { message, partition } = landing;
      // A rebalance may give what was read before once more.
      if (message.offset < (offsets.get(partition) ?? 0n)) continue;
      after.set(partition, message.offset + 1n);
      if (headerText(message, ORIGIN) === origin) continue;
      const schema = headerText(message, EVENT_SCHEMA) ?? String(SCHEMA);
      if (schema !== String(SCHEMA))
        throw failed(
          `${topic} holds events of schema ${schema.slice(0, 20)} (partition ${partition}, offset ${message.offset}), and this program knows ${SCHEMA}: update it, they wait`,
        );
      const read = readForeign(message.value, shapes, key);
      if ('reason' in read) letters.push(deadLetter(message, read.reason, dead));
      else sound.push({ landing, ...read });
    }
    const fresh = new Set(seen.fresh(sound));
    for (const each of sound)
      if (!fresh.has(each)) letters.push(deadLetter(each.landing.message, 'is here already', dead));
    await bury(letters);
    const line = lineOf(after);
    if (fresh.size > 0) {
      log ??= openLog();
      const lines = [...fresh].map((each) => each.line);
      await log.append([...lines, JSON.stringify(line)], [], [...shapes.values()].at(-1));
    }
    seen.keep([...fresh]);
    keepProgress(ledgers, line);
    offsets = after;
    let late = 0;
    for (const { landing } of fresh) {
      if (landing.time + lateness < watermark.time()) late++;
      watermark.add(String(landing.partition), landing.time);
    }
    done.landed += fresh.size;
    done.dead += letters.length;
    tally.add({ events: fresh.size + letters.length, dead: letters.length, late });
  };
  const session = async (life: Life) => {
    await makeTopics(kafka, settings);
    const producer = kafka.producer();
    const reader = await openReader(kafka, `${settings.group}-land`, topic, HELD, offsets);
    const telling = keepTelling(tally, reader, watermark);
    const next = chooser(telling.isBehind);
    try {
      for (let last = performance.now(); !life.isOver; ) {
        const isResting = performance.now() - last > REST_MS;
        const taken = next(reader, isResting);
        if (taken.length > 0) {
          await land(taken, (letters) => answered(sendAll(producer, letters), 'dead letters'));
          last = performance.now();
        } else if (isResting && reader.waiting.length === 0 && FOREVER === undefined) break;
        else await sleep(20);
      }
      // What marks the ends of transactions was read as well.
      if (reader.waiting.length === 0) keepProgress(ledgers, lineOf(new Map([...offsets, ...reader.next()])));
    } finally {
      await telling.stop();
      await reader.close();
      await closeQuietly(producer);
    }
  };
  await keepAlive(session, () => done.landed, FOREVER !== undefined);
  await log?.close();
  say(
    'land',
    `${formatMany(done.landed, 'event')} of ${topic} in the stream of events, ${formatCount(done.dead)} to ${dead}`,
  );
  process.exit(0);
});

/** Takes what waits in the order of event time; while a partition that has more gives none, in whatever order it came. */
function chooser(isBehind: (partition: number) => boolean): (reader: Reader, isStuck: boolean) => Landing[] {
  const upTo = new Map<number, number>();
  const known = new Map<Message, Landing>();
  const landingOf = (message: Message): Landing => {
    const before = known.get(message);
    if (before !== undefined) return before;
    const { partition, value } = message;
    const time = Date.parse(timeOf(value.toString()));
    const latest = Math.max(upTo.get(partition) ?? 0, Number.isNaN(time) ? 0 : time);
    upTo.set(partition, latest);
    const landing = { message, partition, time, upTo: latest };
    known.set(message, landing);
    return landing;
  };
  return (reader, isStuck) => {
    const landings = reader.waiting.map(landingOf);
    const given =
      isStuck || landings.length >= HELD ? [] : [...upTo].filter(([partition]) => isBehind(partition));
    const chosen = inTimeOrder(landings, new Map(given), BATCH);
    reader.take(() => chosen.map(({ message }) => message));
    for (const { message } of chosen) known.delete(message);
    return chosen;
  };
}
