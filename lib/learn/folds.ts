import { random, shuffled } from './random.ts';

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
  const rows = Int32Array.from(fold.keys());
  return {
    inside: rows.filter((row) => fold[row] === which),
    outside: rows.filter((row) => fold[row] !== which),
  };
}
