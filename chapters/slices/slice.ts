/** Slices of a table, and how often a model errs in each. */
import { compareApart, measureShare } from '../../lib/measure/estimates.ts';
import { newcombe, wilson } from '../../lib/measure/intervals.ts';
import type { Estimate } from '../../lib/numbers/estimate.ts';
import { presentOf } from '../../lib/numbers/matrix.ts';

/** One way to cut rows: every row is in one of the parts. */
export interface Cut {
  readonly name: string;
  readonly parts: readonly string[];
}

/** A cut of some rows: the part of each. */
export interface Parted extends Cut {
  readonly of: Uint8Array;
}

const QUARTERS = 4;
const MISSING = 'missing';
/** A category beyond so many counts as the last. */
const PARTS = 100;

/** Quarters of what training had, and what is missing. */
export function cutNumbers(
  name: string,
  training: Float64Array,
): Cut & { readonly edges: readonly number[] } {
  const sorted = presentOf(training).sort();
  const edges: number[] = [];
  for (let i = 1; i < QUARTERS; i++) {
    const edge = sorted[Math.ceil((i * sorted.length) / QUARTERS) - 1];
    if (edge !== undefined && edge !== edges.at(-1) && edge < sorted.at(-1)!) edges.push(edge);
  }
  const shown = (x: number) => String(Number(x.toPrecision(4)));
  const parts = [...edges, Number.POSITIVE_INFINITY].map((edge, i) =>
    i === 0
      ? edges.length === 0
        ? 'any'
        : `≤ ${shown(edge)}`
      : edge === Number.POSITIVE_INFINITY
        ? `> ${shown(edges[i - 1]!)}`
        : `${shown(edges[i - 1]!)} to ${shown(edge)}`,
  );
  return { name, parts: [...parts, MISSING], edges };
}

export function partNumbers(cut: Cut & { readonly edges: readonly number[] }, column: Float64Array): Parted {
  const of = Uint8Array.from(column, (x) => {
    if (Number.isNaN(x)) return cut.parts.length - 1;
    const part = cut.edges.findIndex((edge) => x <= edge);
    return part < 0 ? cut.edges.length : part;
  });
  return { name: cut.name, parts: cut.parts, of };
}

/** `column` holds category indices; what is none of them is missing. */
export function partCategories(name: string, categories: readonly string[], column: Float64Array): Parted {
  const parts = [...categories.slice(0, PARTS), MISSING];
  const last = parts.length - 1;
  return { name, parts, of: Uint8Array.from(column, (k) => (k >= 0 && k < last ? k : last)) };
}

export interface Slice {
  /** "Torque [Nm] > 46.8 · Type = L" */
  readonly name: string;
  readonly rows: number;
  readonly errors: Estimate;
  /** Its rate of errors minus that of all other rows, at the confidence that holds for all slices together. */
  readonly beyond: Estimate;
}

export interface Worst {
  readonly slices: readonly Slice[];
  /** How many were looked at. */
  readonly looked: number;
  readonly rows: number;
  readonly errors: Estimate;
}

export interface WorstOptions {
  readonly confidence: number;
  readonly entities?: Int32Array | undefined;
  /** Rows below which a slice is not looked at. */
  readonly minRows: number;
  readonly shown: number;
}

interface Counted {
  readonly name: string;
  readonly rows: number;
  readonly wrong: number;
  readonly holds: (row: number) => boolean;
}

/**
 * The slices by one cut and by each two that err most beyond the rest, by the lower end of the difference. Intervals hold for all
 * that were looked at (Bonferroni), and by entity where rows repeat one.
 */
export function worstSlices(
  cuts: readonly Parted[],
  wrong: Uint8Array,
  { confidence, entities, minRows, shown }: WorstOptions,
): Worst {
  const all = wrong.length;
  const allWrong = wrong.reduce((sum, x) => sum + x, 0);
  const counted = [
    ...cuts.flatMap((cut) => countOne(cut, wrong)),
    ...cuts.flatMap((a, i) => cuts.slice(i + 1).flatMap((b) => countTwo(a, b, wrong))),
  ].filter(({ rows }) => rows >= minRows && all - rows >= minRows);
  const strict = { confidence: 1 - (1 - confidence) / Math.max(1, counted.length), entities };
  const ends = counted.map(({ rows, wrong: own }) =>
    newcombe(
      { events: allWrong - own, trials: all - rows },
      { events: own, trials: rows },
      strict.confidence,
    ),
  );
  const order = [...counted.keys()].sort((a, b) => ends[b]!.low - ends[a]!.low).slice(0, shown);
  const slices = order
    .map((at): Slice => {
      const { name, rows, wrong: own, holds } = counted[at]!;
      const share = (inside: boolean) =>
        measureShare(all, (row) => (holds(row) === inside ? [wrong[row]!, 1] : [0, 0]), strict);
      return {
        name,
        rows,
        errors: wilson(own, rows, confidence),
        beyond: entities === undefined ? ends[at]! : compareApart(share(false), share(true), strict),
      };
    })
    .sort((a, b) => b.beyond.low - a.beyond.low);
  return {
    slices,
    looked: counted.length,
    rows: all,
    errors: measureShare(all, (row) => [wrong[row]!, 1], { confidence, entities }).estimate,
  };
}

function partName({ name, parts }: Cut, part: number): string {
  const value = parts[part]!;
  return /^[≤>]/.test(value) || value === MISSING ? `${name} ${value}` : `${name} = ${value}`;
}

function countOne(cut: Parted, wrong: Uint8Array): Counted[] {
  const rows = new Int32Array(cut.parts.length);
  const errors = new Int32Array(cut.parts.length);
  for (const [row, part] of cut.of.entries()) {
    rows[part]!++;
    errors[part]! += wrong[row]!;
  }
  return cut.parts.map((_, part) => ({
    name: partName(cut, part),
    rows: rows[part]!,
    wrong: errors[part]!,
    holds: (row) => cut.of[row] === part,
  }));
}

function countTwo(a: Parted, b: Parted, wrong: Uint8Array): Counted[] {
  const width = b.parts.length;
  const rows = new Int32Array(a.parts.length * width);
  const errors = new Int32Array(rows.length);
  for (let row = 0; row < wrong.length; row++) {
    const cell = a.of[row]! * width + b.of[row]!;
    rows[cell]!++;
    errors[cell]! += wrong[row]!;
  }
  return Array.from(rows, (count, cell) => {
    const [i, j] = [Math.floor(cell / width), cell % width];
    return {
      name: `${partName(a, i)} · ${partName(b, j)}`,
      rows: count,
      wrong: errors[cell]!,
      holds: (row: number) => a.of[row] === i && b.of[row] === j,
    };
  });
}
