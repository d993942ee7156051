/** Confidence intervals that hold at few events and at none: each comes from a score, not from the spread of the sample. */
import jstat from 'jstat';
import type { Estimate } from '../numbers/estimate.ts';

/** The quantile of the standard normal that leaves (1 − confidence) / 2 above it. */
export function criticalValue(confidence: number): number {
  return jstat.normal.inv((1 + confidence) / 2, 0, 1);
}

/** The same of Student's t, for a spread that was estimated with so many degrees of freedom. */
export function criticalT(confidence: number, freedom: number): number {
  return jstat.studentt.inv((1 + confidence) / 2, freedom);
}

/**
 * Interval of a share (Wilson 1927), with the bound that few events leave open taken from Poisson's distribution (Brown, Cai &
 * DasGupta 2001, section 4.1.1), so that it covers near 0 and 1 too. Counts need not be whole: rows that tell less than one row
 * each count as less.
 */
export function wilson(events: number, trials: number, confidence: number): Estimate {
  if (trials === 0) return { value: Number.NaN, low: 0, high: 1 };
  const z = criticalValue(confidence);
  const share = events / trials;
  const centre = share + (z * z) / (2 * trials);
  const spread = z * Math.sqrt((share * (1 - share)) / trials + (z * z) / (4 * trials * trials));
  const scale = 1 + (z * z) / trials;
  const few = trials <= 50 ? 2 : 3;
  const least = (count: number) =>
    count > 0 && count <= few ? jstat.chisquare.inv(1 - confidence, 2 * count) / 2 / trials : 1;
  return {
    value: share,
    low: Math.max(0, Math.min((centre - spread) / scale, least(events))),
    high: Math.min(1, Math.max((centre + spread) / scale, 1 - least(trials - events))),
  };
}

/** Interval of the difference of two shares, b − a (Newcombe 1998, method 10: from Wilson's intervals). */
export function newcombe(
  a: { events: number; trials: number },
  b: { events: number; trials: number },
  confidence: number,
): Estimate {
  return differenceOf(wilson(a.events, a.trials, confidence), wilson(b.events, b.trials, confidence));
}

/**
 * Interval of b − a from the interval of each (MOVER, Zou 2007): the squared distances to the ends add up as variances do.
 * `correlation` is that of the two estimates, 0 where they are of different rows.
 */
export function differenceOf(a: Estimate, b: Estimate, correlation = 0): Estimate {
  const value = b.value - a.value;
  const reach = (x: number, y: number) => Math.sqrt(Math.max(0, x * x + y * y - 2 * correlation * x * y));
  return {
    value,
    low: value - reach(b.value - b.low, a.high - a.value),
    high: value + reach(b.high - b.value, a.value - a.low),
  };
}

/** Interval of the mean of several estimates, by the same; `correlation` of each two. */
export function meanOfEstimates(
  each: readonly Estimate[],
  correlation: (i: number, j: number) => number,
): Estimate {
  const value = each.reduce((sum, estimate) => sum + estimate.value, 0) / each.length;
  const reach = (distances: readonly number[]) => {
    let sum = 0;
    for (const [i, x] of distances.entries())
      for (const [j, y] of distances.entries()) sum += (i === j ? 1 : correlation(i, j)) * x * y;
    return Math.sqrt(Math.max(0, sum)) / each.length;
  };
  return {
    value,
    low: value - reach(each.map((estimate) => estimate.value - estimate.low)),
    high: value + reach(each.map((estimate) => estimate.high - estimate.value)),
  };
}

/**
 * Interval of the area under a ROC curve (Newcombe 2006, part 2, method 5): the areas whose own variance, by Hanley & McNeil
 * with both samples taken as of the mean size, reaches to the one that was seen.
 */
export function areaInterval(
  area: number,
  positives: number,
  negatives: number,
  confidence: number,
): Estimate {
  if (Number.isNaN(area)) return { value: area, low: 0, high: 1 };
  const z = criticalValue(confidence);
  const more = (positives + negatives) / 2 - 1;
  const variance = (a: number) =>
    (a * (1 - a) * (1 + (more * (1 - a)) / (2 - a) + (more * a) / (1 + a))) / (positives * negatives);
  const isOutside = (a: number) => Math.abs(a - area) > z * Math.sqrt(Math.max(0, variance(a)));
  return { value: area, low: edge(area, 0, isOutside), high: edge(area, 1, isOutside) };
}

const HALVINGS = 50;

/** Where between a value inside an interval and a bound the interval ends. */
function edge(inside: number, bound: number, isOutside: (x: number) => boolean): number {
  if (!isOutside(bound)) return bound;
  let [near, far] = [inside, bound];
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (near + far) / 2;
    if (isOutside(middle)) far = middle;
    else near = middle;
  }
  return near;
}

/**
 * Mean over the folds of a cross-validation, whose training rows overlap: their variance counts by 1/k + 1/(k − 1) instead of 1/k (the
 * corrected resampled t-test, Nadeau & Bengio 2003, of folds that each hold out a k-th). Less than two folds say nothing.
 */
export function foldsInterval(values: readonly number[], confidence: number): Estimate {
  const k = values.length;
  const value = values.reduce((sum, x) => sum + x, 0) / k;
  if (k < 2) return { value, low: Number.NaN, high: Number.NaN };
  const variance = values.reduce((sum, x) => sum + (x - value) ** 2, 0) / (k - 1);
  const reach = criticalT(confidence, k - 1) * Math.sqrt(variance * (1 / k + 1 / (k - 1)));
  return { value, low: value - reach, high: value + reach };
}

/** The chance of a χ² variable to be as large. */
export function chiSquaredTail(x: number, degreesOfFreedom: number): number {
  return Math.max(0, 1 - jstat.chisquare.cdf(x, degreesOfFreedom));
}

/** The logarithm of how many ways there are to choose k of n. */
export function logChoose(n: number, k: number): number {
  return jstat.gammaln(n + 1) - jstat.gammaln(k + 1) - jstat.gammaln(n - k + 1);
}
