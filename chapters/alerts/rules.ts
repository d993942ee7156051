/** Alerts: when a rule fires and when it is over. Values in, values out. */
import type { Signal } from '../../lib/config/schema.ts';
import type { Limits, Signals } from '../../lib/watch/meaning.ts';
import type { AlertSettings } from './settings.ts';

export type Rule = AlertSettings['rules'][number];

/** How a rule stands: since when it is beyond its limit, and whether that was said. */
export interface RuleState {
  readonly beyond_since: string | null;
  readonly firing: boolean;
}

export interface AlertChange {
  readonly time: string;
  readonly rule: string;
  readonly state: 'firing' | 'resolved';
  readonly signal: Signal;
  readonly value: number;
  readonly limit: number;
  /** Since when the signal has been beyond the limit; of what is resolved, when it first was. */
  readonly since: string;
}

/**
 * Changes of state, and the states from now on. A rule fires once its signal has been beyond the limit for its duration, and is
 * resolved as soon as it is known to be within. A signal that is not known changes nothing: no data ends no alert.
 */
export function evaluateRules(
  rules: readonly Rule[],
  limits: Limits,
  signals: Signals,
  states: Readonly<Record<string, RuleState>>,
  now: Date,
): { changes: AlertChange[]; states: Record<string, RuleState> } {
  const time = now.toISOString();
  const changes: AlertChange[] = [];
  const next: Record<string, RuleState> = {};
  for (const { name, signal, for_minutes } of rules) {
    const limit = limits[signal];
    const before = states[name] ?? { beyond_since: null, firing: false };
    const { value, beyond } = signals[signal];
    if (value === null || beyond === undefined) {
      next[name] = before;
      continue;
    }
    if (!beyond) {
      if (before.firing)
        changes.push({
          time,
          rule: name,
          state: 'resolved',
          signal,
          value,
          limit,
          since: before.beyond_since ?? time,
        });
      next[name] = { beyond_since: null, firing: false };
      continue;
    }
    const since = before.beyond_since ?? time;
    const fires = !before.firing && now.getTime() - Date.parse(since) >= for_minutes * 60_000;
    if (fires) changes.push({ time, rule: name, state: 'firing', signal, value, limit, since });
    next[name] = { beyond_since: since, firing: before.firing || fires };
  }
  return { changes, states: next };
}

/** "errors is firing: error_rate 0.081 above 0.05 since 2026-01-01 10:00 UTC" */
export function describeChange({ rule, state, signal, value, limit, since }: AlertChange): string {
  // A limit that follows from training has as many digits as a double.
  const [shown, beyond] = [value, limit].map((each) => Number(each.toPrecision(3)));
  const when = `${since.slice(0, 16).replace('T', ' ')} UTC`;
  // The evidence is of all that came since the version went live, the value of the last window: they may differ.
  const isSo = state === 'firing' ? value > limit : value <= limit;
  if (!isSo)
    return state === 'firing'
      ? `${rule} is firing: ${signal} is shown to have gone above ${beyond} since ${when}, though it is ${shown} in the last window`
      : `${rule} is resolved: ${signal} is not shown to be above ${beyond} any more (it was since ${when}), though it is ${shown} in the last window`;
  return state === 'firing'
    ? `${rule} is firing: ${signal} ${shown} above ${beyond} since ${when}`
    : `${rule} is resolved: ${signal} ${shown}, not above ${beyond} any more (it was since ${when})`;
}
