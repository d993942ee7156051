/** What the processes that carry events say of themselves, as figures of /metrics. */
import type { Figure } from '../../lib/serve/metrics.ts';
import type { Standing } from './standing.ts';

export function figuresOf(standings: readonly Standing[]): Figure[] {
  const running = standings.filter(({ isRunning }) => isRunning);
  const readers = running.filter(({ role }) => role !== 'share');
  const of = (value: (standing: Standing) => number | null, who = readers) =>
    who.flatMap((standing) => {
      const figure = value(standing);
      const { role, pid } = standing;
      return figure === null ? [] : [{ labels: { role, pid: String(pid) }, value: figure }];
    });
  const ofPartitions = (value: (partition: Standing['partitions'][number], standing: Standing) => number) =>
    running.flatMap((standing) =>
      standing.partitions.map((each) => ({
        labels: { role: standing.role, partition: String(each.partition) },
        value: value(each, standing),
      })),
    );
  const name = (what: string) => `clockwork_stream_${what}`;
  const figures: Figure[] = [
    {
      name: name('lag'),
      help: 'Messages of a partition that were not taken yet.',
      samples: ofPartitions(({ lag }) => lag),
    },
    {
      name: name('partition_idle'),
      help: '1 while everything of a partition was read.',
      samples: ofPartitions(({ idle }) => Number(idle)),
    },
    {
      name: name('partition_holds_back'),
      help: '1 of the partition that the watermark waits for.',
      samples: ofPartitions(({ partition }, { held_back_by }) => Number(String(partition) === held_back_by)),
    },
    {
      name: name('watermark_seconds'),
      help: 'Time up to which all events were read, seconds of the epoch.',
      samples: of(({ watermark }) => (watermark === null ? null : watermark / 1000)),
    },
    {
      name: name('events_total'),
      help: 'Messages taken or sent.',
      isTotal: true,
      samples: of(({ events }) => events, running),
    },
    {
      name: name('dead_total'),
      help: 'Messages that went to the topic of dead letters.',
      isTotal: true,
      samples: of(({ dead }) => dead),
    },
    {
      name: name('late_total'),
      help: 'Events that came later than is allowed.',
      isTotal: true,
      samples: of(({ late }) => late),
    },
    {
      name: name('rebalances_total'),
      help: 'Times that the group shared its partitions anew.',
      isTotal: true,
      samples: of(({ rebalances }) => rebalances),
    },
    {
      name: name('events_per_second'),
      help: 'Messages taken or sent in the last second.',
      samples: of(({ per_second }) => per_second, running),
    },
  ];
  return figures.filter(({ samples }) => samples.length > 0);
}
