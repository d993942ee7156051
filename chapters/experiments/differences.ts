/** How much better one run is than another, by whatever both left: scores of the same rows, figures of the same folds, or their intervals. */
import { existsSync } from 'node:fs';
import type { MetricName } from '../../lib/config/schema.ts';
import { compareScores } from '../../lib/measure/evaluate.ts';
import { criticalValue, differenceOf, foldsInterval } from '../../lib/measure/intervals.ts';
import type { Estimate } from '../../lib/numbers/estimate.ts';
import type { Project } from '../../lib/project.ts';
import { readValidation, readValidationFile, type Validation } from '../../lib/registry/validation.ts';
import { type Run, runPath } from './run.ts';

export interface Difference {
  /** Of the second less the first. */
  readonly estimate: Estimate;
  readonly by: 'rows' | 'folds' | 'apart';
}

/** Scores of every row, where a run or the version that it became has them. */
export function scoresOf(project: Project, { id, version }: Run): Validation | undefined {
  if (version !== undefined) return readValidation(project, version);
  const path = runPath(project, id, 'validation.csv');
  return existsSync(path) ? readValidationFile(path) : undefined;
}

/** By scores of the same rows, in pairs; undefined where one has none or the rows are others. */
export function byRows(
  a: { run: Run; scores: Validation | undefined },
  b: { run: Run; scores: Validation | undefined },
  confidence: number,
): Readonly<Record<MetricName, { estimate: Estimate }>> | undefined {
  if (a.scores === undefined || b.scores === undefined || a.run.data.sha256 !== b.run.data.sha256)
    return undefined;
  const { labels, entities } = a.scores;
  if (labels.length !== b.scores.labels.length || a.scores.scores.length !== b.scores.scores.length)
    return undefined;
  const outputs = a.scores.scores.length / labels.length;
  const classes = outputs === 1 ? 2 : outputs;
  return compareScores({ classes, labels }, a.scores, b.scores, 0, { confidence, entities });
}

/**
 * By the figures alone: of the same folds in pairs; else as if the rows were others, which is wider than need be where both err on the
 * same ones.
 */
export function byFigures(
  a: Run,
  b: Run,
  metric: string,
  of: { readonly confidence: number; readonly stated: number },
): Difference | undefined {
  if (a.data.sha256 !== b.data.sha256) return undefined;
  const [x, y] = [a.folds, b.folds];
  if (x !== undefined && y !== undefined && x.metric === metric && y.metric === metric && x.basis === y.basis)
    return {
      by: 'folds',
      estimate: foldsInterval(
        y.values.map((value, i) => value - x.values[i]!),
        of.confidence,
      ),
    };
  const [p, q] = [a.metrics[metric], b.metrics[metric]];
  if (p === undefined || q === undefined) return undefined;
  const wider = criticalValue(of.confidence) / criticalValue(of.stated);
  return { by: 'apart', estimate: differenceOf(widened(p, wider), widened(q, wider)) };
}

function widened([value, low, high]: readonly [number, number, number], by: number): Estimate {
  return { value, low: value - by * (value - low), high: value + by * (high - value) };
}

export type Standing = 'best' | 'not different' | 'worse' | 'other rows';

/** So many are compared by their rows. */
const BY_ROWS = 30;

/**
 * How each of some runs, the best first, stands to the best of them: "not different" where the interval of the difference holds 0. All
 * intervals hold together, each as much wider (Bonferroni), as those of make compare. Of those of other rows that alone is said.
 */
export function standings(
  project: Project,
  ranked: readonly Run[],
  metric: string,
  isLowest: boolean,
): Map<string, Standing> {
  const stands = new Map<string, Standing>();
  const [best, ...others] = ranked;
  if (best === undefined) return stands;
  stands.set(best.id, 'best');
  const stated = project.config.evaluation.confidence;
  const same = others.filter(({ data }) => data.sha256 === best.data.sha256);
  const confidence = 1 - (1 - stated) / Math.max(1, same.length);
  const scores = scoresOf(project, best);
  for (const { id, data } of others) if (data.sha256 !== best.data.sha256) stands.set(id, 'other rows');
  for (const [i, run] of same.entries()) {
    const paired =
      i < BY_ROWS && scores !== undefined
        ? byRows({ run, scores: scoresOf(project, run) }, { run: best, scores }, confidence)
        : undefined;
    const estimate =
      paired?.[metric as MetricName]?.estimate ??
      byFigures(run, best, metric, { confidence, stated })?.estimate;
    if (estimate === undefined || Number.isNaN(estimate.low)) continue;
    const isWorse = isLowest ? estimate.high < 0 : estimate.low > 0;
    stands.set(run.id, isWorse ? 'worse' : 'not different');
  }
  return stands;
}
