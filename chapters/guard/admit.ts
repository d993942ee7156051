/**
 * Which taught rows may join training. A trusted sender's may. Another's join up to so many a day, without those that contradict
 * what the champion is sure of or what every near row says: these wait for a person. Where a sender contradicts more often than
 * the champion was wrong in training, all of that sender's rows wait.
 */
import { newcombe } from '../../lib/measure/intervals.ts';
import type { Admission, HeldRow } from '../../lib/watch/join.ts';
import type { Taught } from '../../lib/watch/taught.ts';

export interface Admitting {
  readonly trusted: ReadonlySet<string>;
  /** Rows that one sender may teach of one day. */
  readonly rows_per_day: number;
  /** Probability of the class given above which an answer counts as sure. */
  readonly sure: number;
  /** How often the champion was wrong in training where it was that sure, out of fold. */
  readonly sureErrors: { readonly errors: number; readonly rows: number };
  /** Whether every near training row is of another class than the label. */
  readonly disagrees: (row: Taught) => boolean;
  readonly confidence: number;
}

export function admitTaught(taught: readonly Taught[], options: Admitting): ReturnType<Admission> {
  const { trusted } = options;
  const admitted: Taught[] = taught.filter(({ by }) => trusted.has(by));
  const held: HeldRow[] = [];
  const senders = new Set(taught.map(({ by }) => by).filter((by) => !trusted.has(by)));
  for (const sender of senders) {
    const own = taught.filter(({ by }) => by === sender);
    const sure = own.filter((row) => certaintyOf(row) >= options.sure);
    const contradicting = new Set(sure.filter(({ label, class: given }) => label !== given));
    const more = newcombe(
      { events: options.sureErrors.errors, trials: options.sureErrors.rows },
      { events: contradicting.size, trials: sure.length },
      // Senders are looked at one by one.
      1 - (1 - options.confidence) / senders.size,
    );
    if (sure.length > 0 && more.low > 0) {
      const reason = `${sender} contradicts ${contradicting.size} of ${sure.length} sure answers`;
      held.push(...own.map((row) => ({ row, reason })));
      continue;
    }
    const days = new Map<string, number>();
    for (const row of own) {
      const day = row.time.slice(0, 10);
      const before = days.get(day) ?? 0;
      if (contradicting.has(row)) held.push({ row, reason: 'contradicts a sure answer of the champion' });
      else if (options.disagrees(row))
        held.push({ row, reason: 'every near training row is of another class' });
      else if (before >= options.rows_per_day)
        held.push({ row, reason: `more than ${options.rows_per_day} of one day by one sender` });
      else {
        days.set(day, before + 1);
        admitted.push(row);
      }
    }
  }
  admitted.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  return { admitted, held };
}

/** The probability of the class that was given. */
export function certaintyOf({ probability, probabilities }: Taught): number {
  if (probabilities !== undefined) return Math.max(...Object.values(probabilities));
  return Math.max(probability, 1 - probability);
}
