/** The settings that a search draws from, and what each trial draws. */
import type { ModelParams } from '../../lib/config/schema.ts';
import { badInput } from '../../lib/fault.ts';
import { SETTINGS_OF } from '../../lib/learn/estimator.ts';
import { type Random, random } from '../../lib/numbers/random.ts';
import type { TuneSettings } from './settings.ts';

export type Space = TuneSettings['space'];
export type TunedParams = Partial<ModelParams>;

/** Fails where a search would try settings that the algorithm does not go by; one over algorithms may. */
export function checkSpace(space: Space, { algorithm }: Pick<ModelParams, 'algorithm'>): void {
  const used: readonly string[] = SETTINGS_OF[algorithm];
  const idle = Object.keys(space).filter((name) => !used.includes(name));
  if ('algorithm' in space || idle.length === 0) return;
  throw badInput(
    `chapters.tune.space: ${algorithm} does not go by ${idle.join(', ')}; it has ${used.join(', ')}`,
  );
}

/** Trial 0 is the config as it is; what trial n draws depends on the seed and n alone. */
export function drawTrial(space: Space, seed: number, trial: number): TunedParams {
  if (trial === 0) return {};
  return Object.fromEntries(
    Object.entries(space).map(([name, range]) => [
      name,
      drawValue(range, random(seed, 'trial', trial, name)),
    ]),
  ) as TunedParams;
}

function drawValue(range: Space[string], rng: Random): unknown {
  if (Array.isArray(range)) return range[rng.int(range.length)];
  const { low, high, scale } = range;
  const isWhole = Number.isInteger(low) && Number.isInteger(high);
  const u = rng.float();
  if (scale === 'log') {
    const value = Math.exp(Math.log(low) + u * (Math.log(isWhole ? high + 1 : high) - Math.log(low)));
    return isWhole ? Math.min(high, Math.floor(value)) : Number(value.toPrecision(4));
  }
  return isWhole ? low + Math.floor(u * (high - low + 1)) : Number((low + u * (high - low)).toPrecision(4));
}
