/** Tables of awkward shapes, each a thing that real tables are. The same ones by the same seed. */
import { csvFormatRow } from 'd3-dsv';
import { type Random, random } from '../../lib/numbers/random.ts';

export interface Shape {
  /** What is awkward about it. */
  readonly what: string;
  readonly target: string;
  /** A CSV file. */
  text(): string;
}

type Row = (rng: Random, i: number) => Record<string, string | number>;

function table(
  rows: number,
  row: Row,
  name: string,
  join = (cells: string[]) => csvFormatRow(cells),
): string {
  const rng = random(5, 'torture', name);
  const made = Array.from({ length: rows }, (_, i) => row(rng, i));
  const names = Object.keys(made[0]!);
  return `${[join(names), ...made.map((cells) => join(names.map((each) => String(cells[each]))))].join('\n')}\n`;
}

function shape(
  what: string,
  target: string,
  rows: number,
  row: Row,
  join?: (cells: string[]) => string,
): Shape {
  return { what, target, text: () => table(rows, row, what, join) };
}

/** A class that follows a number, with some noise. */
function follows(x: number, rng: Random): string {
  return x + 0.5 * rng.normal() > 0 ? 'yes' : 'no';
}

const LETTERS = [...'abcdefghijklmnopqrstuvwxyz'];

export const SHAPES: Readonly<Record<string, Shape>> = {
  one_column: shape('one number and a class', 'y', 400, (rng) => {
    const x = rng.normal();
    return { x: x.toFixed(3), y: follows(x, rng) };
  }),
  wide: shape('more columns than is comfortable', 'y', 300, (rng) => {
    const cells = Object.fromEntries(
      Array.from({ length: 120 }, (_, k) => [`f${k}`, rng.normal().toFixed(2)]),
    );
    return { ...cells, y: follows(Number(cells.f7), rng) };
  }),
  categories: shape('nothing but categories', 'y', 600, (rng) => {
    const cells = Object.fromEntries(
      Array.from({ length: 6 }, (_, k) => [`k${k}`, LETTERS[rng.int(3 + 4 * k)]!]),
    );
    return { ...cells, y: follows(cells.k0 === 'a' ? 1 : -1, rng) };
  }),
  holes: shape('more cells missing than there', 'y', 600, (rng) => {
    const x = rng.normal();
    const or = (cell: string) => (rng.float() < 0.6 ? '' : cell);
    return {
      a: or(x.toFixed(2)),
      b: or(rng.normal().toFixed(2)),
      k: or(rng.float() < 0.5 ? 'left' : 'right'),
      y: follows(x, rng),
    };
  }),
  constants: shape('columns of one value', 'y', 400, (rng) => {
    const x = rng.normal();
    return { zero: 0, same: 'all', x: x.toFixed(3), y: follows(x, rng) };
  }),
  tiny: shape('sixty rows', 'y', 60, (rng) => {
    const x = rng.normal();
    return { x: x.toFixed(2), z: rng.int(5), y: follows(x, rng) };
  }),
  many_classes: shape('ten classes', 'y', 1200, (rng) => {
    const [a, b] = [rng.float(), rng.float()];
    return {
      a: a.toFixed(3),
      b: b.toFixed(3),
      y: `c${Math.min(9, Math.floor(5 * a) + 5 * Number(b > 0.5))}`,
    };
  }),
  rare: shape('one row in a hundred is positive', 'y', 3000, (rng) => {
    const [x, z] = [rng.normal(), rng.normal()];
    return { x: x.toFixed(3), z: z.toFixed(3), y: Number(x + z > 3.2) };
  }),
  names: shape('names that are no identifiers', 'Ja/Nein?', 400, (rng) => {
    const x = rng.normal();
    return {
      'Größe "außen", m²': x.toFixed(2),
      'température °C': rng.normal().toFixed(2),
      列: rng.int(4),
      'a.b[c]': rng.int(3),
      'Ja/Nein?': follows(x, rng),
    };
  }),
  sizes: shape('numbers very large and very small', 'y', 500, (rng) => {
    const x = rng.normal();
    return {
      large: ((5 + x) * 1e14).toFixed(0),
      small: ((5 + rng.normal()) * 1e-9).toExponential(4),
      y: follows(x, rng),
    };
  }),
  times: shape('rows with a time', 'y', 500, (rng, i) => {
    const x = rng.normal();
    return {
      at: new Date(Date.UTC(2026, 0, 1) + i * 3_600_000).toISOString().slice(0, 19),
      x: x.toFixed(2),
      y: follows(x, rng),
    };
  }),
  repeated: shape('half of the rows four times', 'y', 800, (_, i) => {
    const own = random(9, 'repeated', i < 400 ? i >> 2 : i);
    const x = own.normal();
    return { x: x.toFixed(2), k: LETTERS[own.int(3)]!, y: follows(x, own) };
  }),
  european: shape(
    'semicolons and decimal commas',
    'y',
    500,
    (rng) => {
      const x = rng.normal();
      return { wert: x.toFixed(2).replace('.', ','), menge: rng.int(50), y: follows(x, rng) };
    },
    (cells) => cells.join(';'),
  ),
};
