/**
 * Which events are here already, by their ids: whoever may write to a topic may send again what it holds. Ids say their second, so the
 * latest minutes are remembered, and what is older is looked for in the stream.
 */
import type { Ledgers } from '../../lib/record/catalogue.ts';
import { secondOf } from '../../lib/record/event-id.ts';
import { type LogLine, predictionsIn } from '../../lib/record/events.ts';
import { predictionsById } from '../../lib/record/predictions.ts';
import { segmentsOf } from '../../lib/record/segments.ts';
import { positionBefore, readStream } from '../../lib/record/stream.ts';
import { followTruth, truthOf } from '../../lib/record/truth.ts';

const REMEMBERED_S = 600;

export interface Seen {
  /** Those that are not here yet, each once. */
  fresh<T extends { readonly event: LogLine }>(events: readonly T[]): T[];
  /** They are here now. */
  keep(events: readonly { readonly event: LogLine }[]): void;
}

/** `until`: the second up to which the stream was taken in before, whose latest ids are read again. */
export function openSeen(ledgers: Ledgers, until: number | undefined): Seen {
  const bySecond = new Map<number, Set<string>>();
  let newest = until ?? 0;
  const remember = (id: string) => {
    const second = secondOf(id);
    if (second === undefined || second <= newest - REMEMBERED_S) return;
    const of = bySecond.get(second) ?? new Set();
    of.add(id);
    bySecond.set(second, of);
    if (second <= newest) return;
    newest = second;
    for (const each of bySecond.keys()) if (each <= newest - REMEMBERED_S) bySecond.delete(each);
  };
  if (until !== undefined) {
    const from = new Date((until - REMEMBERED_S) * 1000).toISOString();
    readStream(ledgers, positionBefore(segmentsOf(ledgers), from), (event) => idsOf(event).forEach(remember));
  }
  return {
    fresh(events) {
      const isOld = (id: string) => (secondOf(id) ?? 0) <= newest - REMEMBERED_S;
      const old = events.filter(({ event }) => isOld(idOf(event)));
      const there = old.length === 0 ? new Set<string>() : inStream(ledgers, old);
      return events.filter(({ event }) => {
        const id = idOf(event);
        if (there.has(id) || bySecond.get(secondOf(id) ?? -1)?.has(id)) return false;
        there.add(id);
        return true;
      });
    },
    keep(events) {
      for (const { event } of events) remember(idOf(event));
    },
  };
}

function idOf(event: LogLine): string {
  return (event as { readonly id: string }).id;
}

function idsOf(event: LogLine): string[] {
  const predictions = predictionsIn(event);
  return predictions.length > 0 ? predictions.map(({ id }) => id) : 'id' in event ? [event.id] : [];
}

/** Ids of predictions that the stream holds, and of labels that count in it. */
function inStream(ledgers: Ledgers, events: readonly { readonly event: LogLine }[]): Set<string> {
  const stream = followTruth(ledgers);
  const predictions = events.flatMap(({ event }) => predictionsIn(event).map(({ id }) => id));
  const labelled = events.flatMap(({ event }) => ('label' in event ? [event.of] : []));
  const there = new Set(predictionsById(stream, predictions).keys());
  for (const { trail } of truthOf(ledgers, labelled).values()) for (const { id } of trail) there.add(id);
  return there;
}
