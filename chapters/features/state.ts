/** The rows of one entity that a view may still need, packed: when it was made, and by rows the times, when each was known, and its atoms. */
import type { Definition, Rows } from './definition.ts';

export interface State {
  /** Of the definition that it was made by: another one's is not read. */
  readonly hash: string;
  readonly rows: Rows;
  readonly count: number;
}

/** hash as 12 hexadecimal digits is below 2^48, which a double holds. */
const HEAD = 2;

/** Rows [from, to) that are not too old at a time for the view's ttl. */
export function packState(
  { hash, atoms, ttlMs }: Definition,
  rows: Rows,
  from: number,
  to: number,
  time: number,
): Uint8Array {
  let first = from;
  while (first < to && rows.times[first]! < time - ttlMs) first++;
  let count = 0;
  for (let i = first; i < to; i++) if (rows.created[i]! <= time && rows.times[i]! <= time) count++;
  const width = 2 + atoms.length;
  const packed = new Float64Array(HEAD + count * width);
  packed[0] = Number.parseInt(hash, 16);
  packed[1] = count;
  let at = 0;
  for (let i = first; i < to; i++) {
    if (rows.created[i]! > time || rows.times[i]! > time) continue;
    packed[HEAD + at] = rows.times[i]!;
    packed[HEAD + count + at] = rows.created[i]!;
    for (let a = 0; a < atoms.length; a++)
      packed[HEAD + 2 * count + at * atoms.length + a] = rows.atoms[i * atoms.length + a]!;
    at++;
  }
  return new Uint8Array(packed.buffer);
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
    rows: {
      times: values.subarray(HEAD, HEAD + count),
      created: values.subarray(HEAD + count, HEAD + 2 * count),
      atoms: values.subarray(HEAD + 2 * count),
    },
  };
}

export function stateKey(view: string, entity: string): string {
  return `${view}:${entity}`;
}
