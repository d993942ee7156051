import { random, shuffled } from '../numbers/random.ts';

/**
 * The fold of each row: every class is dealt out evenly (stratified k-fold), in random order, and rows of one entity
 * go where its first one went.
 */
export function stratifiedFolds(
  target: Uint8Array,
  folds: number,
  seed: number,
  entities?: Int32Array,
): Uint8Array {
  const fold = new Uint8Array(target.length);
  const dealt: number[] = [];
  const foldOf = new Map<number, number>();
  for (const row of shuffled(target.length, random(seed, 'folds'))) {
    const known = entities === undefined ? undefined : foldOf.get(entities[row]!);
    const label = target[row]!;
    fold[row] = known ?? (dealt[label] ?? 0) % folds;
    if (known !== undefined) continue;
    dealt[label] = (dealt[label] ?? 0) + 1;
    if (entities !== undefined) foldOf.set(entities[row]!, fold[row]!);
  }
  return fold;
}

/** Row numbers inside and outside one fold. */
export function splitFold(fold: Uint8Array, which: number): { inside: Int32Array; outside: Int32Array } {
  let count = 0;
  for (let row = 0; row < fold.length; row++) if (fold[row] === which) count++;
  const inside = new Int32Array(count);
  const outside = new Int32Array(fold.length - count);
  for (let row = 0, i = 0, o = 0; row < fold.length; row++)
    if (fold[row] === which) inside[i++] = row;
    else outside[o++] = row;
  return { inside, outside };
}
