/** What a picture is: SVG as text, a sentence that says what it shows, and the figures it was drawn from. */
import { csvLine } from '../files/csv.ts';
import { writeAtomic } from '../files/write.ts';

/** Colours that are told apart on light and on dark ground, and with either kind of colour blindness (Okabe & Ito 2008). */
export const PALETTE = [
  '#0072b2',
  '#e69f00',
  '#009e73',
  '#d55e00',
  '#cc79a7',
  '#56b4e9',
  '#b8a500',
  '#7f7f7f',
];
export const CALM = '#6c8ebf';
export const ALARM = '#d1495b';

export interface Swatch {
  readonly name: string;
  readonly color: string;
}

/** A colour for each of so many, in the order of the palette. */
export function coloursOf({ length }: readonly unknown[]): string[] {
  return Array.from({ length }, (_, k) => PALETTE[k % PALETTE.length]!);
}

export interface Picture {
  readonly svg: string;
  /** The picture in words, for those who do not see it. */
  readonly words: string;
  /** What was drawn, as a table with a header. */
  readonly csv: string;
  /** What its colours stand for; none where there is one. */
  readonly legend: readonly Swatch[];
}

/** The picture and its figures as two files; `path` is without an ending. */
export function writePicture(path: string, { svg, csv }: Picture): void {
  writeAtomic(`${path}.svg`, `${svg}\n`);
  writeAtomic(`${path}.csv`, csv);
}

/** Numbers to six digits, times as ISO 8601, what is not known as nothing. */
export function csvOf(rows: readonly object[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const cell = (value: unknown) => {
    if (typeof value === 'number') return Number.isNaN(value) ? '' : String(Number(value.toPrecision(6)));
    return value instanceof Date ? value.toISOString() : String(value ?? '');
  };
  const cells = (row: object) => columns.map((name) => cell((row as Record<string, unknown>)[name]));
  return [columns, ...rows.map(cells)].map((line) => `${csvLine(line)}\n`).join('');
}
