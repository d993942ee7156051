/** What monitoring would have said at another time, from the hours that are kept: no log is read. */
import type { Config } from '../config/schema.ts';
import { populationSize } from '../measure/drift.ts';
import { wilson } from '../measure/intervals.ts';
import type { Estimate } from '../numbers/estimate.ts';
import type { Ledgers } from '../record/catalogue.ts';
import type { DriftReference } from '../train/frozen.ts';
import { type HourSummary, hoursBetween, totalOf, versionsSummarised } from './hours.ts';
import { errorsIn, quantileOf, type Summary } from './summary.ts';

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
  /** By class, hours in which 95 % of its truth came. */
  readonly delay_hours: Readonly<Record<string, number | undefined>>;
}

const HOUR_MS = 3_600_000;
/** Days of labels by which their delay is measured. */
const DELAY_DAYS = 30;

/** Hours in which 95 % of the truth came of the class that it comes latest of; 0 before any came. */
export function measuredDelay(ledgers: Ledgers, now: number): number {
  const from = now - DELAY_DAYS * 24 * HOUR_MS;
  const hours = versionsSummarised(ledgers).flatMap((version) =>
    hoursBetween(ledgers, version, from, now + HOUR_MS),
  );
  return Math.max(0, ...Object.values(delaysOf(totalOf(hours))).map((delay) => delay ?? 0));
}

/** By class, hours in which 95 % of the truth came. */
function delaysOf({ delay }: Summary): Record<string, number | undefined> {
  const classes = new Map<string, Record<string, number>>();
  for (const [name, count] of Object.entries(delay)) {
    const at = name.indexOf(' ');
    const [bin, label] = [name.slice(0, at), name.slice(at + 1)];
    const of = classes.get(label) ?? {};
    of[bin] = (of[bin] ?? 0) + count;
    classes.set(label, of);
  }
  return Object.fromEntries([...classes].sort().map(([label, of]) => [label, inHours(quantileOf(of, 0.95))]));
}

function inHours(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds / 3600;
}

/** Milliseconds at which the hour begins that a time is in. */
export function hourOf(time: number): number {
  return Math.floor(time / HOUR_MS) * HOUR_MS;
}

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
    delay_hours: delaysOf(total),
  };
}
