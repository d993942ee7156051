/** Hours, days and weeks of production by the time of the requests, and what was released and decided in them. */
import type { Ledgers } from '../record/catalogue.ts';
import { readDecisions } from '../record/decisions.ts';
import { readDeployments } from '../record/deployments.ts';
import { type HourSummary, hoursBetween, versionsSummarised } from './hours.ts';
import { errorsIn, mergeSummaries } from './summary.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What is shown: how long each step is, and how many of them back from now. */
const SPANS = [
  { name: 'hours', step: HOUR_MS, shown: 48 },
  { name: 'days', step: DAY_MS, shown: 45 },
  { name: 'weeks', step: 7 * DAY_MS, shown: 53 },
] as const;

export interface Step {
  readonly time: Date;
  readonly rows: number;
  /** Share of the rows whose truth came that were wrong. */
  readonly errors: number | undefined;
  readonly labelled: number;
}

export interface Mark {
  readonly time: Date;
  readonly what: string;
}

/** The steps from the first that has rows, of all versions together. */
function stepsOf(hours: readonly HourSummary[], step: number): Step[] {
  const sums = new Map<number, HourSummary>();
  for (const { start, summary } of hours) {
    const at = Math.floor(start / step) * step;
    const sum = sums.get(at);
    sums.set(at, { start: at, summary: sum === undefined ? summary : mergeSummaries(sum.summary, summary) });
  }
  return [...sums.values()]
    .sort((a, b) => a.start - b.start)
    .map(({ start, summary }) => {
      const { labelled, wrong } = errorsIn(summary);
      const errors = labelled === 0 ? undefined : wrong / labelled;
      return { time: new Date(start), rows: summary.rows, errors, labelled };
    });
}

/** Releases and decisions to retrain, as far as the ledgers tell. */
export function marksOf(ledgers: Ledgers): Mark[] {
  const released = readDeployments(ledgers)
    .filter(({ event }) => event === 'promotion' || event === 'rollback')
    .map(({ time, model_version }) => ({ time: new Date(time), what: model_version }));
  const decided = readDecisions(ledgers)
    .filter(({ decision }) => decision !== 'no')
    .map(({ time, decision }) => ({
      time: new Date(time),
      what: { yes: 'retrain', kept: 'kept', promoted: 'promoted' }[decision as 'yes'],
    }));
  return [...released, ...decided];
}

/** The steps of all versions together, of each span that has any. */
export function overTimeSteps(
  ledgers: Ledgers,
  now: number,
): { readonly name: string; readonly step: number; readonly steps: readonly Step[] }[] {
  const versions = versionsSummarised(ledgers);
  return SPANS.flatMap(({ name, step, shown }) => {
    const from = Math.floor(now / step) * step - (shown - 1) * step;
    const hours = versions.flatMap((version) => hoursBetween(ledgers, version, from, now + HOUR_MS));
    const steps = stepsOf(hours, step);
    return steps.length === 0 || (steps.length === 1 && name !== 'hours') ? [] : [{ name, step, steps }];
  });
}
