/** A table looked at for what is odd: rows, cells, pairs, the batch as a whole, labels. */
import type { NamedColumn } from '../../lib/config/roles.ts';
import { rolesOf } from '../../lib/config/roles.ts';
import type { Config } from '../../lib/config/schema.ts';
import type { Dialect } from '../../lib/data/validate.ts';
import type { Matrix } from '../../lib/numbers/matrix.ts';
import { orderDescending } from '../../lib/numbers/order.ts';
import { readBlocks } from './block.ts';
import { brokenPairs, explainOdd, farCells, type Learnt, oddityOf } from './oddities.ts';
import { type Profile, profiler } from './profile.ts';

export interface InputRows {
  /** The model's inputs. */
  readonly matrix: Matrix;
  readonly inputs: readonly NamedColumn[];
  /** Where each row begins in the file. */
  readonly lines: Int32Array;
  readonly profile: Profile;
}

/** Rows of any file by the inputs that it has; cells that cannot be read are missing. */
export function readInputRows(path: string, config: Config, csv: Dialect): InputRows {
  const wanted = new Set(rolesOf(config.schema).inputs.map(({ name }) => name));
  let inputs: NamedColumn[] = [];
  let profile: ReturnType<typeof profiler> | undefined;
  const pieces: Float64Array[] = [];
  const lines: number[] = [];
  readBlocks(path, config.schema, csv, ({ columns }) => {
    const places = columns.flatMap(({ name }, c) => (wanted.has(name) ? [c] : []));
    inputs = places.map((c) => columns[c]!);
    profile = profiler(columns);
    return {
      block(block) {
        profile!.take(block);
        const piece = new Float64Array(block.rows * places.length);
        for (const [f, c] of places.entries())
          for (let i = 0; i < block.rows; i++) {
            const value = block.values[c]![i]!;
            piece[i * places.length + f] = Number.isFinite(value) ? value : Number.NaN;
          }
        pieces.push(piece);
        for (let i = 0; i < block.rows; i++) lines.push(block.places[i]!);
      },
      malformed() {},
    };
  });
  const values = new Float64Array(lines.length * inputs.length);
  let at = 0;
  for (const piece of pieces) {
    values.set(piece, at);
    at += piece.length;
  }
  return {
    inputs,
    lines: Int32Array.from(lines),
    matrix: { names: inputs.map(({ name }) => name), rows: lines.length, values },
    profile: withoutIds(profile!.profile(), config),
  };
}

export interface OddRowReport {
  readonly line: number;
  readonly score: number;
  readonly because: readonly { readonly column: string; readonly share: number }[];
}

export interface Oddities {
  readonly rows: number;
  /** The oddest, by score. */
  readonly odd: readonly OddRowReport[];
  /** Of the rows the forest was grown on: a score that one in a hundred of them exceeds. */
  readonly usualScore: number;
  readonly above: number;
  readonly cells: readonly {
    readonly column: string;
    readonly count: number;
    readonly lines: readonly number[];
  }[];
  readonly pairs: readonly {
    readonly first: string;
    readonly second: string;
    readonly correlation: number;
    readonly count: number;
    readonly lines: readonly number[];
  }[];
}

const SHOWN = 25;
const LINES = 5;

export function findOddities(
  learnt: Learnt,
  scoresOfUsual: Float64Array,
  { matrix, lines }: InputRows,
): Oddities {
  const scores = oddityOf(learnt, matrix);
  const order = orderDescending(scores);
  const usualScore = scoresOfUsual[orderDescending(scoresOfUsual)[Math.floor(scoresOfUsual.length / 100)]!]!;
  const far = farCells(learnt, matrix);
  const broken = brokenPairs(learnt, matrix);
  const names = matrix.names;
  const linesOf = (rows: readonly { row: number }[]) => rows.slice(0, LINES).map(({ row }) => lines[row]!);
  return {
    rows: matrix.rows,
    odd: [...order.subarray(0, SHOWN)].map((row) => {
      const { score, because } = explainOdd(learnt, matrix, row);
      return { line: lines[row]!, score, because };
    }),
    usualScore,
    above: scores.reduce((count, score) => count + Number(score > usualScore), 0),
    cells: names.flatMap((column, f) => {
      const own = far.filter((each) => each.column === f).sort((a, b) => Math.abs(b.away) - Math.abs(a.away));
      return own.length === 0 ? [] : [{ column, count: own.length, lines: linesOf(own) }];
    }),
    pairs: learnt.pairs.flatMap((pair) => {
      const own = broken.filter((each) => each.pair === pair);
      return own.length === 0
        ? []
        : [
            {
              first: names[pair.first]!,
              second: names[pair.second]!,
              correlation: pair.correlation,
              count: own.length,
              lines: linesOf(own),
            },
          ];
    }),
  };
}

/** Identifiers are other ones in every table. */
function withoutIds({ rows, columns }: Profile, { schema }: Config): Profile {
  return {
    rows,
    columns: Object.fromEntries(Object.entries(columns).filter(([name]) => schema[name]!.role !== 'id')),
  };
}
