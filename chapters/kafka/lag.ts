/** How far the topics are read, by the broker's own count, and what the processes that read them say of themselves. */

import { sectionOf } from '../../lib/config/parse.ts';
import type { Signal } from '../../lib/config/schema.ts';
import type { Project } from '../../lib/project.ts';
import { closeQuietly, type Kafka, openKafka, READ_COMMITTED } from './client.ts';
import { landedOffsets } from './offsets.ts';
import { EARLIEST } from './reader.ts';
import { type KafkaSettings, kafkaSection } from './settings.ts';
import { hasStandings, readStandings, type Standing } from './standing.ts';

export interface TopicLag {
  readonly role: 'consume' | 'land';
  readonly topic: string;
  readonly partitions: readonly { readonly partition: number; readonly end: number; readonly lag: number }[];
}

export async function readLag(kafka: Kafka, settings: KafkaSettings, project: Project): Promise<TopicLag[]> {
  const { rows, events } = settings.topics;
  const consumer = kafka.consumer(settings.group);
  try {
    const ask = (topic: string, timestamp?: bigint) =>
      consumer
        .listOffsets({
          topics: [topic],
          isolationLevel: READ_COMMITTED,
          ...(timestamp === undefined ? {} : { timestamp }),
        })
        .then((all) => all.get(topic)!);
    const lagOf = async (role: TopicLag['role'], topic: string, next: (partition: number) => bigint) => {
      const [first, end] = [await ask(topic, EARLIEST), await ask(topic)];
      const partitions = end.map((latest, partition) => {
        const from = next(partition) > first[partition]! ? next(partition) : first[partition]!;
        return { partition, end: Number(latest), lag: Math.max(0, Number(latest - from)) };
      });
      return { role, topic, partitions };
    };
    const partitions = (await ask(rows)).map((_, partition) => partition);
    const committed = await consumer.listCommittedOffsets({ topics: [{ topic: rows, partitions }] });
    const landed = landedOffsets(project.ledgers, events);
    return [
      await lagOf('consume', rows, (partition) => committed.get(rows)?.[partition] ?? -1n),
      await lagOf('land', events, (partition) => landed.get(partition) ?? -1n),
    ];
  } finally {
    await closeQuietly(consumer);
  }
}

const PATIENCE_MS = 5000;

/** For the rules of alerts: nothing where nobody ever read a topic here, unknown where the broker does not answer. */
export async function readSignals(
  project: Project,
  now = Date.now(),
): Promise<Partial<Record<Signal, number | null>>> {
  if (!hasStandings(project)) return {};
  const settings = sectionOf(project.config, kafkaSection);
  const standings = readStandings(project);
  const lags = await Promise.race([
    openKafka(settings)
      .then((kafka) => readLag(kafka, settings, project))
      .catch(() => undefined),
    new Promise<undefined>((settle) => setTimeout(() => settle(undefined), PATIENCE_MS).unref()),
  ]);
  return signalsOf(lags, standings, now);
}

/** Of a topic that nobody reads at all the watermark is where the last who did had left it. */
export function signalsOf(
  lags: readonly TopicLag[] | undefined,
  standings: readonly Standing[],
  now: number,
): Partial<Record<Signal, number | null>> {
  const read = lags?.filter(({ role }) => standings.some((standing) => standing.role === role));
  const sum = ({ partitions }: TopicLag) => partitions.reduce((all, { lag }) => all + lag, 0);
  const behind = read
    ?.filter((topic) => sum(topic) > 0)
    .flatMap(({ role }) => {
      const marks = standings.flatMap((each) => (each.role === role ? (each.watermark ?? []) : []));
      return marks.length === 0 ? [] : [(now - Math.min(...marks)) / 60_000];
    });
  const recent = standings.filter(({ role }) => role === 'land').map((each) => each.recent);
  const events = recent.reduce((all, each) => all + each.events, 0);
  const late = recent.reduce((all, each) => all + each.late, 0);
  return {
    stream_lag: read === undefined ? null : read.reduce((all, topic) => all + sum(topic), 0),
    stream_minutes_behind: behind === undefined ? null : Math.max(0, ...behind),
    late_share: events === 0 ? null : late / events,
  };
}
