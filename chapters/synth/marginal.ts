/** A column by itself: what its values are, from the lowest to the highest. */
import type { NamedColumn } from '../../lib/config/roles.ts';
import { presentOf } from '../../lib/numbers/matrix.ts';

export interface Marginal {
  readonly missing: number;
  /** The value below which this share of those that are there lies, between two of them on the line that joins them. */
  at(share: number): number;
}

export function marginalOf(values: Float64Array, { type, categories }: NamedColumn): Marginal {
  const sorted = presentOf(values).sort();
  const isWhole = type !== 'number' || categories !== undefined;
  const decimals = isWhole ? 0 : decimalsOf(sorted);
  return {
    missing: values.length === 0 ? 0 : 1 - sorted.length / values.length,
    at(share) {
      if (sorted.length === 0) return Number.NaN;
      const place = share * (sorted.length - 1);
      const below = sorted[Math.floor(place)]!;
      // What many rows have is drawn as it is.
      if (isWhole || below === sorted[Math.ceil(place)]) return sorted[Math.round(place)]!;
      const value = below + (place - Math.floor(place)) * (sorted[Math.ceil(place)]! - below);
      return Number(value.toFixed(decimals));
    },
  };
}

const MOST_DECIMALS = 6;
const LOOKED = 500;

/** Digits behind the point that the values are written with. */
export function decimalsOf(sorted: Float64Array): number {
  let decimals = 0;
  const step = Math.max(1, Math.floor(sorted.length / LOOKED));
  for (let i = 0; i < sorted.length; i += step) {
    while (decimals < MOST_DECIMALS && Number(sorted[i]!.toFixed(decimals)) !== sorted[i]) decimals++;
  }
  return decimals;
}
