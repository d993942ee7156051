/** A figure with its interval, and what is said of it beside a limit. */

export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** No data is never a pass. */
export type Verdict = 'pass' | 'fail' | 'inconclusive';

/** Pass when the interval lies above the limit, fail when below, inconclusive when it holds it or is undefined. */
export function judge(estimate: Estimate, limit: number): Verdict {
  if (estimate.low >= limit) return 'pass';
  if (estimate.high < limit) return 'fail';
  return 'inconclusive';
}

/** Fail where any fails, pass where there are some and all pass, inconclusive otherwise. */
export function together(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('fail')) return 'fail';
  return verdicts.length > 0 && verdicts.every((verdict) => verdict === 'pass') ? 'pass' : 'inconclusive';
}
