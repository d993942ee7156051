/** Hours, days and weeks of production by the time of the requests, and what was released and decided in them. */
import type { Ledgers } from '../record/catalogue.ts';
import { readDecisions } from '../record/decisions.ts';
import { readDeployments } from '../record/deployments.ts';
import { type HourSummary, hoursBetween, versionsSummarised } from './hours.ts';
import { errorsIn, mergeSummaries, NOTHING, type Summary } from './summary.ts';

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
  /** Each version that answered in it, oldest first. */
  readonly versions: readonly VersionStep[];
}

export interface VersionStep {
  readonly version: string;
  readonly rows: number;
  readonly errors: number | undefined;
}

export interface Mark {
  readonly time: Date;
  readonly what: string;
}

interface VersionHour extends HourSummary {
  readonly version: string;
}

/** The steps that have rows, of all versions together and of each. */
function stepsOf(hours: readonly VersionHour[], step: number): Step[] {
  const sums = new Map<number, Map<string, Summary>>();
  for (const { version, start, summary } of hours) {
    const at = Math.floor(start / step) * step;
    const sum = sums.get(at) ?? new Map<string, Summary>();
    sums.set(at, sum.set(version, mergeSummaries(sum.get(version) ?? NOTHING, summary)));
  }
  return [...sums]
    .sort(([a], [b]) => a - b)
    .map(([start, of]) => {
      const all = [...of.values()].reduce(mergeSummaries, NOTHING);
      const versions = [...of].map(([version, summary]) => ({
        version,
        rows: summary.rows,
        errors: errorRate(summary),
      }));
      const { labelled } = errorsIn(all);
      return { time: new Date(start), rows: all.rows, errors: errorRate(all), labelled, versions };
    });
}

function errorRate(summary: Summary): number | undefined {
  const { labelled, wrong } = errorsIn(summary);
  return labelled === 0 ? undefined : wrong / labelled;
}

/** Releases and decisions to retrain, as far as the ledgers tell. */
export function marksOf(ledgers: Ledgers): Mark[] {
  const released = readDeployments(ledgers)
    .filter(({ event }) => event === 'promotion' || event === 'rollback')
    .map(({ time, model_version }) => ({ time: new Date(time), what: `${model_version} live` }));
  const decided = readDecisions(ledgers)
    // That one was promoted is a release.
    .filter(({ decision }) => decision === 'yes' || decision === 'kept')
    .map(({ time, decision, version }) => ({
      time: new Date(time),
      what: decision === 'yes' ? 'retrain' : `${version} kept`,
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
    const hours = versions.flatMap((version) =>
      hoursBetween(ledgers, version, from, now + HOUR_MS).map((hour) => ({ ...hour, version })),
    );
    const steps = stepsOf(hours, step);
    return steps.length === 0 || (steps.length === 1 && name !== 'hours') ? [] : [{ name, step, steps }];
  });
}
