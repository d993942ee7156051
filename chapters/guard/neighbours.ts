/** What the nearest training rows say of a label: a row whose neighbours are all of another class is odd (Wilson 1972). */
import type { Dataset } from '../../lib/data/dataset.ts';
import { random } from '../../lib/numbers/random.ts';
import type { LoadedVersion } from '../../lib/registry/load.ts';
import { transform, transformRows } from '../../lib/train/pipeline.ts';
import { columnOf } from '../../lib/watch/columns.ts';
import type { Taught } from '../../lib/watch/taught.ts';

/** Training rows that are looked at, drawn from more. */
const MOST = 20_000;
/** Rows of a class by which it is told how often its own rows stand alone. */
const TRIED = 300;
/** A class whose own training rows stand alone more often than this is told by its neighbours of nothing. */
const ALONE = 0.05;

/** Standardised features, row-major, and the class of each row. */
interface Space {
  readonly width: number;
  readonly values: Float64Array;
  readonly target: Uint8Array;
}

/**
 * Says of a taught row whether its `k` nearest training rows are all of another class than its label, in the standardised
 * features of the champion; of labels whose class usually stands alone, never.
 */
export function neighboursIn(
  data: Dataset,
  { pipeline, signature }: Pick<LoadedVersion, 'pipeline' | 'signature'>,
  k: number,
): (row: Taught) => boolean {
  const rows = sample(data.target.length, MOST);
  const { values, names } = transform(pipeline, data.inputs, rows);
  const width = names.length;
  const scale = scaleOf(values, width);
  const target = Uint8Array.from(rows, (row) => data.target[row]!);
  const space: Space = { width, values: scale(values), target };
  const { classes } = signature.output;
  const isTold = classes.map((_, label) => aloneShare(space, label, k) <= ALONE);
  return (row) => {
    const label = classes.indexOf(row.label);
    if (label < 0 || !isTold[label]) return false;
    const raw = Float64Array.from(signature.inputs, (input) => columnOf([row], input)[0]!);
    return standsAlone(space, scale(transformRows(pipeline, raw, 1)), label, k, -1);
  };
}

function sample(rows: number, most: number): Int32Array {
  const all = Int32Array.from({ length: rows }, (_, row) => row);
  if (rows <= most) return all;
  const rng = random(0, 'neighbours');
  for (let i = 0; i < most; i++) {
    const j = i + rng.int(rows - i);
    [all[i], all[j]] = [all[j]!, all[i]!];
  }
  return all.subarray(0, most);
}

/** Missing values stand at the mean. */
function scaleOf(values: Float64Array, width: number): (row: Float64Array) => Float64Array {
  const [mean, spread] = [new Float64Array(width), new Float64Array(width)];
  for (let f = 0; f < width; f++) {
    let [count, sum, squares] = [0, 0, 0];
    for (let at = f; at < values.length; at += width) {
      const value = values[at]!;
      if (Number.isNaN(value)) continue;
      count++;
      sum += value;
      squares += value * value;
    }
    mean[f] = count === 0 ? 0 : sum / count;
    spread[f] = count === 0 ? 1 : Math.sqrt(Math.max(0, squares / count - mean[f]! ** 2)) || 1;
  }
  return (row) =>
    row.map((value, at) => (Number.isNaN(value) ? 0 : (value - mean[at % width]!) / spread[at % width]!));
}

/** Share of the training rows of a class whose nearest others are all of another. */
function aloneShare(space: Space, label: number, k: number): number {
  const own = [...space.target.keys()].filter((row) => space.target[row] === label);
  const step = Math.max(1, Math.floor(own.length / TRIED));
  const tried = own.filter((_, i) => i % step === 0);
  if (tried.length === 0) return 1;
  const { width, values } = space;
  const alone = tried.filter((row) =>
    standsAlone(space, values.subarray(row * width, (row + 1) * width), label, k, row),
  );
  return alone.length / tried.length;
}

function standsAlone(
  { width, values, target }: Space,
  row: Float64Array,
  label: number,
  k: number,
  self: number,
): boolean {
  const nearest: { distance: number; label: number }[] = [];
  for (let other = 0; other < target.length; other++) {
    if (other === self) continue;
    const worst = nearest.length < k ? Number.POSITIVE_INFINITY : nearest.at(-1)!.distance;
    let distance = 0;
    for (let f = 0, at = other * width; f < width && distance < worst; f++, at++)
      distance += (values[at]! - row[f]!) ** 2;
    if (distance >= worst) continue;
    if (nearest.length === k) nearest.pop();
    const place = nearest.findIndex((each) => each.distance > distance);
    nearest.splice(place < 0 ? nearest.length : place, 0, { distance, label: target[other]! });
  }
  return nearest.length === k && nearest.every((each) => each.label !== label);
}
