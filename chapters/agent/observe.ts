/** What the agent looks at: points of metrics in time and the latest drift. Wrong lines are told and left out. */
import * as v from 'valibot';
import { parseTime } from '../../lib/data/time.ts';
import { badInput } from '../../lib/fault.ts';

export interface MetricPoint {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly roc_auc: number | null;
  readonly pr_auc: number | null;
  readonly latency_p95_ms: number | null;
}

export interface DriftSummary {
  readonly threshold: number;
  readonly overall_drift: boolean;
  /** PSI by feature. */
  readonly features: Readonly<Record<string, number>>;
}

export interface Observation {
  /** Oldest first. */
  readonly points: readonly MetricPoint[];
  /** Null where no drift report was given. */
  readonly drift: DriftSummary | null;
  /** In what the model is shown to be worse than in training, which points of these days alone may not show. */
  readonly worse?: readonly string[];
  /** Whether there is a version to go back to; undefined where that is not known. */
  readonly canRollBack?: boolean;
  /** What could not be read, each with its place. */
  readonly problems: readonly string[];
}

const share = v.nullish(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), null);
const pointSchema = v.object({
  ts: v.optional(v.string()),
  time: v.optional(v.string()),
  roc_auc: share,
  pr_auc: share,
  latency_p95_ms: v.nullish(v.pipe(v.number(), v.minValue(0)), null),
});

const driftSchema = v.object({
  threshold: v.number(),
  overall_drift: v.boolean(),
  features: v.record(v.string(), v.number()),
});

const PROBLEMS_SHOWN = 20;

/** One JSON object per line, with ts or time; in any order. */
export function readPoints(text: string, name: string): Pick<Observation, 'points' | 'problems'> {
  const lines = text.split('\n').map((line, i) => ({ line: line.trim(), place: `${name}:${i + 1}` }));
  const values = lines
    .filter(({ line }) => line !== '')
    .map(({ line, place }) => {
      try {
        return { place, value: JSON.parse(line) as unknown };
      } catch {
        return { place, value: undefined };
      }
    });
  return checkPoints(values);
}

/** Points that are parsed already, each with its place. */
export function checkPoints(
  values: readonly { readonly place: string; readonly value: unknown }[],
): Pick<Observation, 'points' | 'problems'> {
  const points: MetricPoint[] = [];
  const problems: string[] = [];
  for (const { place, value } of values) {
    const checked = v.safeParse(pointSchema, value);
    if (!checked.success) {
      const key = checked.issues[0].path?.map((item) => String(item.key)).join('.');
      problems.push(`${place}: ${key === undefined ? 'is no JSON object' : `${key} is not what it must be`}`);
      continue;
    }
    const { ts, time, ...metrics } = checked.output;
    const stamp = ts ?? time ?? '';
    const at = parseTime(stamp, 'iso');
    if (at === undefined) problems.push(`${place}: ts is no time`);
    else points.push({ time: at, ...metrics });
  }
  points.sort((a, b) => a.time - b.time);
  const more = problems.length - PROBLEMS_SHOWN;
  return {
    points,
    problems: more > 0 ? [...problems.slice(0, PROBLEMS_SHOWN), `and ${more} more`] : problems,
  };
}

/** Fails with exit code 2 for what is no drift report. */
export function readDrift(value: unknown, name: string): DriftSummary {
  const checked = v.safeParse(driftSchema, value);
  if (checked.success) return checked.output;
  const key = checked.issues[0].path?.map((item) => String(item.key)).join('.');
  throw badInput(`${name}  is no drift report: ${key ?? 'the file'} is missing or of another type`);
}
