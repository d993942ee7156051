import jstat from 'jstat';
import type { Estimate } from '../numbers/estimate.ts';

/** Confidence interval of a share (Wilson 1927), which holds for few and for no events. */
export function wilson(events: number, trials: number, confidence: number): Estimate {
  if (trials === 0) return { value: Number.NaN, low: 0, high: 1 };
  const z = jstat.normal.inv((1 + confidence) / 2, 0, 1);
  const share = events / trials;
  const centre = share + (z * z) / (2 * trials);
  const spread = z * Math.sqrt((share * (1 - share)) / trials + (z * z) / (4 * trials * trials));
  const scale = 1 + (z * z) / trials;
  return {
    value: share,
    low: Math.max(0, (centre - spread) / scale),
    high: Math.min(1, (centre + spread) / scale),
  };
}

/** Confidence interval of the difference of two shares, b − a (Newcombe 1998, method 10: from Wilson's intervals). */
export function newcombe(
  a: { events: number; trials: number },
  b: { events: number; trials: number },
  confidence: number,
): Estimate {
  const [of, to] = [wilson(a.events, a.trials, confidence), wilson(b.events, b.trials, confidence)];
  const value = to.value - of.value;
  return {
    value,
    low: value - Math.hypot(to.value - to.low, of.high - of.value),
    high: value + Math.hypot(to.high - to.value, of.value - of.low),
  };
}

/** The value below which a χ² variable lies with this probability. */
export function chiSquaredQuantile(probability: number, degreesOfFreedom: number): number {
  return jstat.chisquare.inv(probability, degreesOfFreedom);
}
