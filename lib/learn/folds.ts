import { random, shuffled } from './random.ts';

/** The fold of each row: every class is dealt out evenly (stratified k-fold), in random order. */
export function stratifiedFolds(target: Uint8Array, folds: number, seed: number): Uint8Array {
  const fold = new Uint8Array(target.length);
  const dealt: number[] = [];
  for (const row of shuffled(target.length, random(seed, 'folds'))) {
    const label = target[row]!;
    fold[row] = (dealt[label] ?? 0) % folds;
    dealt[label] = (dealt[label] ?? 0) + 1;
  }
  return fold;
}

/** Row numbers inside and outside one fold. */
export function splitFold(fold: Uint8Array, which: number): { inside: number[]; outside: number[] } {
  const inside: number[] = [];
  const outside: number[] = [];
  for (let row = 0; row < fold.length; row++) (fold[row] === which ? inside : outside).push(row);
  return { inside, outside };
}
