/** What monitoring would have said at another time, from the hours that are kept: no log is read. */
import type { Config } from '../config/schema.ts';
import { populationSize } from '../measure/drift.ts';
import { wilson } from '../measure/intervals.ts';
import type { Estimate } from '../numbers/estimate.ts';
import type { DriftReference } from '../train/frozen.ts';
import { type HourSummary, totalOf } from './hours.ts';
import { errorsIn, quantileOf } from './summary.ts';

export interface PastReport {
  /** [from, to), whole hours. */
  readonly from: string;
  readonly to: string;
  readonly rows: number;
  readonly refused: number;
  readonly labelled: number;
  /** As it is known now: truth that came later is in it. Undefined without any. */
  readonly error_rate: Estimate | undefined;
  readonly drift: readonly { readonly name: string; readonly size: Estimate }[];
  readonly latency_ms: { readonly p50: number | undefined; readonly p95: number | undefined };
  /** Hours until the truth of so many of the labelled came, of all classes. */
  readonly delay_hours: { readonly p50: number | undefined; readonly p95: number | undefined };
  readonly delay_hours_by_class: Readonly<Record<string, number | undefined>>;
}

const HOUR_MS = 3_600_000;

/** The latest hours that together have so many rows. */
export function latestHours(hours: readonly HourSummary[], rows: number): readonly HourSummary[] {
  let sum = 0;
  let from = hours.length;
  while (from > 0 && sum < rows) sum += hours[--from]!.summary.rows;
  return hours.slice(from);
}

export function lookBack(
  { evaluation: { confidence } }: Pick<Config, 'evaluation'>,
  reference: Pick<DriftReference, 'inputs'>,
  hours: readonly HourSummary[],
): PastReport {
  const total = totalOf(hours);
  const { labelled, wrong } = errorsIn(total);
  const stamp = (time: number) => new Date(time).toISOString();
  const classes = new Map<string, Record<string, number>>();
  const all: Record<string, number> = {};
  for (const [name, count] of Object.entries(total.delay)) {
    const at = name.indexOf(' ');
    const [bin, label] = [name.slice(0, at), name.slice(at + 1)];
    const of = classes.get(label) ?? {};
    of[bin] = (of[bin] ?? 0) + count;
    all[bin] = (all[bin] ?? 0) + count;
    classes.set(label, of);
  }
  const inHours = (seconds: number | undefined) => (seconds === undefined ? undefined : seconds / 3600);
  return {
    from: hours.length === 0 ? '' : stamp(hours[0]!.start),
    to: hours.length === 0 ? '' : stamp(hours.at(-1)!.start + HOUR_MS),
    rows: total.rows,
    refused: total.refused,
    labelled,
    error_rate: labelled === 0 ? undefined : wilson(wrong, labelled, confidence),
    drift: reference.inputs.map(({ name, counts }, i) => {
      const now = counts.map((_, bin) => total.inputs[i]?.[String(bin)] ?? 0);
      return { name, size: populationSize(counts, now, confidence) };
    }),
    latency_ms: { p50: quantileOf(total.latency, 0.5), p95: quantileOf(total.latency, 0.95) },
    delay_hours: { p50: inHours(quantileOf(all, 0.5)), p95: inHours(quantileOf(all, 0.95)) },
    delay_hours_by_class: Object.fromEntries(
      [...classes].sort().map(([label, of]) => [label, inHours(quantileOf(of, 0.95))]),
    ),
  };
}
