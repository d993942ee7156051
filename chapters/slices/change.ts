/** What a change of the error rate between two periods comes from. */
import type { Parted } from './slice.ts';

export interface Change {
  /** The input that both periods are cut by. */
  readonly name: string;
  /** Rate of errors after minus before: mix and within add up to it. */
  readonly change: number;
  /** Because rows came in other parts. */
  readonly mix: number;
  /** Because rows of the same part were wrong more or less often. */
  readonly within: number;
}

export interface Period {
  readonly cuts: readonly Parted[];
  /** 1 where a row was given a wrong class. */
  readonly wrong: Uint8Array;
}

/**
 * By each cut: Σ (q − p)(e + f)/2 and Σ (f − e)(p + q)/2 over its parts, with shares p, q and error rates e, f before and after
 * (Kitagawa 1955). A part that one period lacks has the other's rate.
 */
export function splitChange(before: Period, after: Period): Change[] {
  return before.cuts
    .map((cut, i) => {
      const [a, b] = [countsOf(cut, before.wrong), countsOf(after.cuts[i]!, after.wrong)];
      let [mix, within] = [0, 0];
      for (let part = 0; part < cut.parts.length; part++) {
        const [p, q] = [a.rows[part]! / before.wrong.length, b.rows[part]! / after.wrong.length];
        const known = [a, b].map(({ rows, wrong }) =>
          rows[part] === 0 ? undefined : wrong[part]! / rows[part]!,
        );
        const e = known[0] ?? known[1] ?? 0;
        const f = known[1] ?? known[0] ?? 0;
        mix += ((q - p) * (e + f)) / 2;
        within += ((f - e) * (p + q)) / 2;
      }
      return { name: cut.name, change: mix + within, mix, within };
    })
    .sort((x, y) => Math.abs(y.mix) - Math.abs(x.mix));
}

function countsOf({ parts, of }: Parted, wrong: Uint8Array): { rows: Int32Array; wrong: Int32Array } {
  const [rows, errors] = [new Int32Array(parts.length), new Int32Array(parts.length)];
  for (const [row, part] of of.entries()) {
    rows[part]!++;
    errors[part]! += wrong[row]!;
  }
  return { rows, wrong: errors };
}
