/** The rows of one entity that a view may still need, packed: when it was made, and by rows the times, when each was known, and its atoms. */
import type { Definition, Rows } from './definition.ts';

export interface State {
  /** Of the definition that it was made by: another one's is not read. */
  readonly hash: string;
  readonly rows: Rows;
  readonly count: number;
  /** Lines of the source before this one are in it. */
  readonly line: number;
}

/** hash as 12 hexadecimal digits is below 2^48, which a double holds. */
const HEAD = 3;

/**
 * Rows [from, to) that are not too old at a time for the view's ttl. With `until` only what was known then; else what happens or is known
 * later is kept as well, and counts once it has.
 */
export function packState(
  { hash, atoms, ttlMs }: Definition,
  rows: Rows,
  from: number,
  to: number,
  {
    time,
    until = Number.POSITIVE_INFINITY,
    line,
  }: { time: number; until?: number | undefined; line: number },
): Uint8Array {
  let first = from;
  while (first < to && rows.times[first]! < time - ttlMs) first++;
  let count = 0;
  for (let i = first; i < to; i++) if (rows.created[i]! <= until && rows.times[i]! <= until) count++;
  const width = 2 + atoms.length;
  const packed = new Float64Array(HEAD + count * width);
  packed[0] = Number.parseInt(hash, 16);
  packed[1] = count;
  packed[2] = line;
  let at = 0;
  for (let i = first; i < to; i++) {
    if (rows.created[i]! > until || rows.times[i]! > until) continue;
    packed[HEAD + at] = rows.times[i]!;
    packed[HEAD + count + at] = rows.created[i]!;
    for (let a = 0; a < atoms.length; a++)
      packed[HEAD + 2 * count + at * atoms.length + a] = rows.atoms[i * atoms.length + a]!;
    at++;
  }
  return new Uint8Array(packed.buffer);
}

/** Without what is said of it. */
export function rowsIn(state: Uint8Array): Uint8Array {
  return state.subarray(HEAD * Float64Array.BYTES_PER_ELEMENT);
}

/** Undefined for what is no state: of another length than it says. */
export function readState(bytes: Uint8Array, atoms: number): State | undefined {
  if (bytes.byteLength % 8 !== 0 || bytes.byteLength < HEAD * 8) return undefined;
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : Uint8Array.from(bytes);
  const values = new Float64Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 8);
  const count = values[1]!;
  if (!Number.isInteger(count) || values.length !== HEAD + count * (2 + atoms)) return undefined;
  return {
    hash: values[0]!.toString(16).padStart(12, '0'),
    count,
    line: values[2]!,
    rows: {
      times: values.subarray(HEAD, HEAD + count),
      created: values.subarray(HEAD + count, HEAD + 2 * count),
      atoms: values.subarray(HEAD + 2 * count),
    },
  };
}

/** The rows of a state, and after them in the order of their times those of [from, to) that are of a later line than it has. */
export function mergedRows(
  { rows, count, line }: State,
  width: number,
  more: Rows & { readonly lines: Float64Array },
  from: number,
  to: number,
): { readonly rows: Rows; readonly count: number } {
  const taken: (readonly [Rows, number])[] = Array.from({ length: count }, (_, i) => [rows, i]);
  for (let i = from; i < to; i++) if (more.lines[i]! >= line) taken.push([more, i]);
  // Stable: of rows of one moment that were known at one, the later line is the later row.
  taken.sort(([a, i], [b, j]) => a.times[i]! - b.times[j]! || a.created[i]! - b.created[j]!);
  const atoms = new Float64Array(taken.length * width);
  for (const [k, [of, i]] of taken.entries())
    atoms.set(of.atoms.subarray(i * width, (i + 1) * width), k * width);
  return {
    count: taken.length,
    rows: {
      times: Float64Array.from(taken, ([of, i]) => of.times[i]!),
      created: Float64Array.from(taken, ([of, i]) => of.created[i]!),
      atoms,
    },
  };
}

export function stateKey(view: string, entity: string): string {
  return `${view}:${entity}`;
}
