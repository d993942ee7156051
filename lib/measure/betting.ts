/**
 * Evidence that grows with every look and is valid at each of them: what a gambler has who started with 1 and bets on a mean
 * being above 0 (test martingale, Waudby-Smith & Ramdas 2024, section 4). If the mean is at most 0, whatever came before, the
 * chance that the stake ever reaches 1/α is at most α (Ville 1939).
 */

/** Shares of the stake that are bet, each by a gambler of its own; the stake is their mean (a mixture). */
export const SHARES = [0.72, 0.36, 0.18, 0.09, 0.045, 0.0225, 0.01125] as const;

/** The logarithm of each gambler's stake: the state, which may be kept and gone on with. */
export type Stakes = readonly number[];

export const NO_STAKES: Stakes = SHARES.map(() => 0);

/** Each value is at least −1, and is bet on being above 0. */
export function bet(stakes: Stakes, values: Iterable<number>): Stakes {
  const after = [...stakes];
  for (const value of values)
    for (const [i, share] of SHARES.entries()) after[i]! += Math.log1p(share * value);
  return after;
}

/** The logarithm of the stake. */
export function evidence(stakes: Stakes): number {
  return logSum(stakes) - Math.log(stakes.length);
}

/** How many values more like those seen would bring the stake to 1/α; undefined where they would not. */
export function valuesMore(stakes: Stakes, seen: number, alpha: number): number | undefined {
  const growth = seen === 0 ? 0 : Math.max(...stakes) / seen;
  const missing = Math.log(1 / alpha) - evidence(stakes);
  return missing <= 0 ? 0 : growth <= 0 ? undefined : Math.ceil(missing / growth);
}

/**
 * The same for watching for ever: at every block new gamblers begin, of ever smaller fortunes that sum to 1, so that what went
 * well for long does not hide that it goes badly now.
 */
export interface Watch {
  readonly blocks: number;
  /** By share, the logarithm of what all who began have. */
  readonly stakes: readonly number[];
}

export const NOTHING_WATCHED: Watch = { blocks: 0, stakes: [] };

export function beginBlock({ blocks, stakes }: Watch): Watch {
  const fortune = -Math.log((blocks + 1) * (blocks + 2));
  return { blocks: blocks + 1, stakes: SHARES.map((_, i) => logSum([stakes[i] ?? -Infinity, fortune])) };
}

/** The logarithm of what all have together, with the fortunes of those who are still to begin. */
export function watchEvidence({ blocks, stakes }: Watch): number {
  return blocks === 0 ? 0 : logSum([evidence(stakes), -Math.log(blocks + 1)]);
}

function logSum(logs: readonly number[]): number {
  const highest = Math.max(...logs);
  return highest === -Infinity
    ? highest
    : highest + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - highest), 0));
}
