/** A topic as it is read where transactions count: what came and waits, so much of it at most, and what is still to come. */
import { failed } from '../../lib/fault.ts';
import { logEvent } from '../../lib/serve/application-log.ts';
import { answered, type Consumer, closeQuietly, type Kafka, type Message, READ_COMMITTED } from './client.ts';

export interface Reader {
  /** What came and was not taken, in the order in which it came. */
  readonly waiting: readonly Message[];
  /** Takes what is chosen of it; everything else waits on. Fails where the connection broke. */
  take(choose: (waiting: readonly Message[]) => readonly Message[]): readonly Message[];
  /** By partition that is read here, how many messages wait, and how many more are to come. */
  lag(): Promise<Map<number, { waiting: number; unread: number }>>;
  /** By partition, what would be asked for next. */
  next(): Map<number, bigint>;
  /** How often the group shared its partitions anew since it was joined. */
  readonly rebalances: number;
  readonly consumer: Consumer;
  close(): Promise<void>;
}

/** What is held at most before the broker is asked to wait. */
const HELD_BYTES = 64 << 20;
const LATEST = -1n;
export const EARLIEST = -2n;

/** `from` names offsets to begin at, of other partitions the first that is there; without it the group's own count. */
export async function openReader(
  kafka: Kafka,
  group: string,
  topic: string,
  held: number,
  from?: ReadonlyMap<number, bigint>,
): Promise<Reader> {
  const consumer = kafka.consumer(group);
  let joins = 0;
  consumer.on('consumer:group:join', () => void joins++);
  let waiting: Message[] = [];
  let bytes = 0;
  let broken: Error | undefined;
  const offsetsFrom = async (known: ReadonlyMap<number, bigint>) => {
    const at = async (timestamp: bigint) =>
      (await consumer.listOffsets({ topics: [topic], isolationLevel: READ_COMMITTED, timestamp })).get(
        topic,
      )!;
    const [first, end] = [await at(EARLIEST), await at(LATEST)];
    return first.map((earliest, partition) => {
      const offset = known.get(partition) ?? earliest;
      if (offset > end[partition]!)
        throw failed(
          `${topic} ends at ${end[partition]} in partition ${partition}, and was read up to ${offset} before: it is another topic of that name. Name a fresh one (chapters.kafka.topics)`,
        );
      if (offset < earliest)
        logEvent('error', 'the broker has dropped what was not read yet', {
          topic,
          partition,
          messages: Number(earliest - offset),
        });
      return { topic, partition, offset: offset > earliest ? offset : earliest };
    });
  };
  const begin = async () =>
    from === undefined
      ? ({ mode: 'committed', fallbackMode: 'earliest' } as const)
      : ({ mode: 'manual', offsets: await offsetsFrom(from) } as const);
  const consume = async () =>
    consumer.consume({
      autocommit: false,
      topics: [topic],
      ...(await begin()),
      sessionTimeout: 6000,
      rebalanceTimeout: 6000,
      heartbeatInterval: 500,
      maxWaitTime: 100,
      isolationLevel: READ_COMMITTED,
    });
  const stream = await answered(consume(), `joining the group ${group}`).catch(async (error: Error) => {
    await closeQuietly(consumer);
    throw error;
  });
  const isFull = () => waiting.length >= held || bytes >= HELD_BYTES;
  const partitions = () =>
    consumer.assignments?.find((assignment) => assignment.topic === topic)?.partitions ?? [];
  const nextOf = (partition: number) => stream.offsetsToFetch.get(`${topic}:${partition}`);
  stream.on('error', (error) => {
    broken = error;
  });
  stream.on('data', (message) => {
    waiting.push(message);
    bytes += message.value.length + (message.key?.length ?? 0);
    if (isFull()) stream.pause();
  });
  return {
    get waiting() {
      if (broken !== undefined) throw broken;
      return waiting;
    },
    take(choose) {
      if (broken !== undefined) throw broken;
      const taken = new Set(choose(waiting));
      waiting = waiting.filter((message) => !taken.has(message));
      for (const { value, key } of taken) bytes -= value.length + (key?.length ?? 0);
      if (!isFull()) stream.resume();
      return [...taken];
    },
    async lag() {
      const asked = consumer.listOffsets({ topics: [topic], isolationLevel: READ_COMMITTED });
      const ends = (await answered(asked, `the ends of ${topic}`)).get(topic);
      return new Map(
        partitions().map((partition) => {
          const here = waiting.filter((message) => message.partition === partition).length;
          const end = ends?.[partition] ?? 0n;
          const next = nextOf(partition) ?? 0n;
          return [partition, { waiting: here, unread: Math.max(0, Number(end - next)) }];
        }),
      );
    },
    next: () =>
      new Map(
        partitions().flatMap((partition) => {
          const offset = nextOf(partition);
          return offset === undefined ? [] : [[partition, offset] as const];
        }),
      ),
    get rebalances() {
      return Math.max(0, joins - 1);
    },
    consumer,
    close: () => closeQuietly(consumer),
  };
}
