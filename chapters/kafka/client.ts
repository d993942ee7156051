/** The client of the broker, which only this chapter needs: kafka.mk installs its package, which is loaded when it is asked for. */
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { badInput, failed } from '../../lib/fault.ts';
import { dropAborted, type Fetched } from './committed.ts';
import type { KafkaSettings } from './settings.ts';

export interface Message {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** When it was sent, milliseconds. */
  readonly timestamp: bigint;
  readonly key: Buffer | undefined;
  readonly value: Buffer;
  readonly headers: ReadonlyMap<Buffer, Buffer>;
}

export interface Outgoing {
  readonly topic: string;
  readonly key: Buffer;
  readonly value: Buffer;
  readonly headers?: ReadonlyMap<Buffer, Buffer>;
}

/** What is used of @platformatic/kafka 1.35. */
export interface Stream {
  on(event: 'data', listener: (message: Message) => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
  pause(): void;
  resume(): void;
  /** By "topic:partition", what is asked for next. */
  readonly offsetsToFetch: ReadonlyMap<string, bigint>;
}

export interface Consumer {
  on(event: 'consumer:group:join', listener: () => void): void;
  readonly assignments: readonly { readonly topic: string; readonly partitions: readonly number[] }[] | null;
  /** By topic, of each partition the offset after the last that counts. */
  listOffsets(options: {
    topics: string[];
    isolationLevel: number;
    timestamp?: bigint;
  }): Promise<Map<string, bigint[]>>;
  consume(options: {
    autocommit: boolean;
    topics: string[];
    mode: 'committed' | 'manual';
    fallbackMode?: 'earliest';
    offsets?: { topic: string; partition: number; offset: bigint }[];
    sessionTimeout: number;
    rebalanceTimeout?: number;
    heartbeatInterval: number;
    maxWaitTime: number;
    isolationLevel?: number;
  }): Promise<Stream>;
  listCommittedOffsets(options: {
    topics: { topic: string; partitions: number[] }[];
  }): Promise<Map<string, bigint[]>>;
  close(force: boolean): Promise<void>;
}

export interface Transaction {
  send(options: { messages: readonly Outgoing[] }): Promise<unknown>;
  addConsumer(consumer: Consumer): Promise<void>;
  addOffset(message: Message): Promise<void>;
  commit(): Promise<void>;
  abort(): Promise<void>;
}

export interface Producer {
  send(options: { messages: readonly Outgoing[] }): Promise<unknown>;
  beginTransaction(options?: { producerId: bigint; producerEpoch: number }): Promise<Transaction>;
  close(force: boolean): Promise<void>;
}

export interface Admin {
  createTopics(options: {
    topics: string[];
    partitions: number;
    replicas: number;
    configs: { name: string; value: string }[];
  }): Promise<unknown>;
  close(): Promise<void>;
}

type Class<T> = new (options: Readonly<Record<string, unknown>>) => T;

interface Package {
  readonly Admin: Class<Admin>;
  readonly Producer: Class<Producer>;
  readonly Consumer: Class<Consumer>;
}

export const PASSWORD = 'CLOCKWORK_KAFKA_PASSWORD';
export const USER = 'CLOCKWORK_KAFKA_USER';

export interface Kafka {
  admin(): Admin;
  /** With a name its messages are of transactions; of two with one name the older is fenced off. */
  producer(transactionalId?: string): Producer;
  consumer(group: string): Consumer;
}

export async function openKafka(settings: KafkaSettings): Promise<Kafka> {
  const known = await loadPackage();
  const common = { clientId: 'clockwork', bootstrapBrokers: settings.brokers, ...securityOf(settings) };
  return {
    admin: () => new known.Admin(common),
    // A new broker takes seconds to have a coordinator for transactions.
    producer: (transactionalId) =>
      new known.Producer({
        ...common,
        idempotent: true,
        acks: -1,
        retries: 400,
        retryDelay: 25,
        ...(transactionalId === undefined ? {} : { transactionalId }),
      }),
    consumer: (groupId) => new known.Consumer({ ...common, groupId }),
  };
}

async function loadPackage(): Promise<Package> {
  try {
    const here = createRequire(resolve('.make/packages/kafka/package.json'));
    const main = pathToFileURL(here.resolve('@platformatic/kafka'));
    const known = (await import(main.href)) as Package;
    const { kGetApi } = (await import(new URL('clients/base/base.js', main).href)) as { kGetApi: symbol };
    return { ...known, Consumer: readingCommitted(known.Consumer, kGetApi) };
  } catch (error) {
    throw failed(`the client of Kafka is not installed in .make/packages/kafka: ${(error as Error).message}`);
  }
}

type Reply = (error: Error | null, response?: Fetched) => void;
type Request = (...args: unknown[]) => unknown;
type GetApi = (name: string, reply: (error: Error | null, api?: Request) => void) => void;

/** The consumer with what was aborted taken from each fetch, before it sees it. */
function readingCommitted(Base: Class<Consumer>, getApi: symbol): Class<Consumer> {
  const base = Base.prototype as Record<symbol, GetApi | undefined>;
  const found = base[getApi];
  if (found === undefined) throw new Error('is of a version that this chapter does not know');
  const Committed = class extends (Base as Class<object>) {};
  Object.defineProperty(Committed.prototype, getApi, {
    value(this: object, name: string, reply: (error: Error | null, api?: Request) => void) {
      found.call(this, name, (error, api) => {
        if (error !== null || name !== 'Fetch' || api === undefined) reply(error, api);
        else
          reply(null, (...args: unknown[]) => {
            const done = args.at(-1) as Reply;
            return api(...args.slice(0, -1), (failure: Error | null, response?: Fetched) => {
              if (response !== undefined && response !== null) dropAborted(response);
              done(failure, response);
            });
          });
      });
    },
  });
  return Committed as unknown as Class<Consumer>;
}

/** The secrets come from the environment alone. */
export function securityOf(
  { tls, sasl }: Pick<KafkaSettings, 'tls' | 'sasl'>,
  environment: NodeJS.ProcessEnv = process.env,
): Readonly<Record<string, unknown>> {
  const security = tls ? { tls: {} } : {};
  if (sasl === 'none') return security;
  const [username, password] = [environment[USER], environment[PASSWORD]];
  if (!username || !password)
    throw badInput(`chapters.kafka.sasl is ${sasl}: ${USER} and ${PASSWORD} say who asks`);
  return { ...security, sasl: { mechanism: sasl.toUpperCase(), username, password } };
}

/** More than a request to the server may hold. */
const LARGEST_MESSAGE = 16 << 20;

/** Makes the topics that are not there, as the settings declare them. */
export async function makeTopics(kafka: Kafka, settings: KafkaSettings): Promise<void> {
  const admin = kafka.admin();
  const { rows, positions } = settings.topics;
  const configsOf = (topic: string) => ({
    'min.insync.replicas': settings.min_insync,
    ...(topic === positions
      ? { 'cleanup.policy': 'compact', 'segment.ms': 3_600_000 }
      : { 'retention.ms': settings.retention_hours * 3_600_000 }),
    ...(topic === rows ? {} : { 'max.message.bytes': LARGEST_MESSAGE }),
  });
  try {
    for (const topic of Object.values(settings.topics))
      await admin
        .createTopics({
          topics: [topic],
          partitions: topic === positions ? 1 : settings.partitions,
          replicas: settings.replication,
          configs: Object.entries(configsOf(topic)).map(([name, value]) => ({ name, value: String(value) })),
        })
        .catch((error: Error) => {
          if (!isThere(error)) throw error;
        });
  } catch (error) {
    const hint = isRefused(error) ? ': is a broker there? make broker starts one' : '';
    throw failed(`${settings.brokers.join(', ')}: ${reasonOf(error)}${hint}`);
  } finally {
    await admin.close();
  }
}

function isThere(error: Error): boolean {
  return JSON.stringify(describe(error)).includes('already exists');
}

/** What the client says, the inmost last. */
export function reasonOf(error: unknown): string {
  return describe(error).join(': ');
}

function describe(error: unknown): string[] {
  const inner = innerOf(error)[0];
  return [(error as Error).message, ...(inner === undefined ? [] : describe(inner))];
}

function innerOf(error: unknown): unknown[] {
  const { errors = [], cause } = error as Error & { errors?: unknown[] };
  return [...errors, ...(cause === undefined ? [] : [cause])];
}

/** Whether nobody listens there. */
function isRefused(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED' || innerOf(error).some(isRefused);
}

/** As it is read where transactions count: what was aborted is not there. */
export const READ_COMMITTED = 1;

/** Bytes that are sent together: the broker takes so many in one piece. */
const PIECE_BYTES = 400_000;

export async function sendAll(to: Pick<Transaction, 'send'>, messages: readonly Outgoing[]): Promise<void> {
  let piece: Outgoing[] = [];
  let bytes = 0;
  for (const message of messages) {
    const size = message.key.length + message.value.length;
    if (piece.length > 0 && bytes + size > PIECE_BYTES) {
      await to.send({ messages: piece });
      [piece, bytes] = [[], 0];
    }
    piece.push(message);
    bytes += size;
  }
  if (piece.length > 0) await to.send({ messages: piece });
}

/** A header of a message, as text. */
export function headerText({ headers }: Pick<Message, 'headers'>, name: string): string | undefined {
  for (const [key, value] of headers) if (key.toString() === name) return value.toString();
  return undefined;
}

const REASON_SHOWN = 500;

/** What came, as it came, with where it was and why it is of no use. */
export function deadLetter(
  { topic: from, partition, offset, key, value }: Message,
  reason: string,
  topic: string,
): Outgoing {
  const said = { reason: reason.slice(0, REASON_SHOWN), from: `${from} ${partition} ${offset}` };
  const headers = Object.entries(said).map(([name, text]) => [Buffer.from(name), Buffer.from(text)] as const);
  return { topic, key: key ?? Buffer.alloc(0), value, headers: new Map(headers) };
}

const PATIENCE_MS = 45_000;

/** What the client promises, or an error where it neither answers nor fails: it may wait for ever for a node that died. */
export function answered<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, refuse) => {
    timer = setTimeout(() => refuse(failed(`${what}: no answer in ${PATIENCE_MS / 1000} s`)), PATIENCE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Whatever it says: it is not needed any more. */
export async function closeQuietly(client: { close(force: boolean): Promise<void> }): Promise<void> {
  await answered(client.close(true), 'a connection that is closed').catch(() => {});
}
