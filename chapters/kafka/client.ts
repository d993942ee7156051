/** The client of the broker, which only this chapter needs: kafka.mk installs its package, which is loaded when it is asked for. */
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { badInput, failed } from '../../lib/fault.ts';
import type { KafkaSettings } from './settings.ts';

export interface Message {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly key: Buffer | undefined;
  readonly value: Buffer;
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
}

export interface Consumer {
  consume(options: {
    autocommit: boolean;
    topics: string[];
    mode: 'committed' | 'manual';
    fallbackMode?: 'earliest';
    offsets?: { topic: string; partition: number; offset: bigint }[];
    sessionTimeout: number;
    heartbeatInterval: number;
    maxWaitTime: number;
    isolationLevel?: number;
  }): Promise<Stream>;
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
  listOffsets(options: {
    topics: { name: string; partitions: { partitionIndex: number; timestamp: bigint }[] }[];
  }): Promise<{ name: string; partitions: { partitionIndex: number; offset: bigint }[] }[]>;
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
    return (await import(pathToFileURL(here.resolve('@platformatic/kafka')).href)) as Package;
  } catch (error) {
    throw failed(`the client of Kafka is not installed in .make/packages/kafka: ${(error as Error).message}`);
  }
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

/** Makes the topics that are not there, as the settings declare them. */
export async function makeTopics(kafka: Kafka, settings: KafkaSettings): Promise<void> {
  const admin = kafka.admin();
  const configs = [
    { name: 'min.insync.replicas', value: String(settings.min_insync) },
    { name: 'retention.ms', value: String(settings.retention_hours * 3_600_000) },
  ];
  try {
    for (const topic of Object.values(settings.topics))
      await admin
        .createTopics({
          topics: [topic],
          partitions: settings.partitions,
          replicas: settings.replication,
          configs,
        })
        .catch((error: Error) => {
          if (!isThere(error)) throw error;
        });
  } catch (error) {
    throw failed(
      `${settings.brokers.join(', ')}: ${reasonOf(error)}: is a broker there? make broker starts one`,
    );
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
  const { message, errors = [], cause } = error as Error & { errors?: unknown[] };
  const inner = [...errors, ...(cause === undefined ? [] : [cause])];
  return [message, ...(inner.length === 0 ? [] : describe(inner[0]))];
}

/** As it is read where transactions count: what was aborted is not there. */
export const READ_COMMITTED = 1;
