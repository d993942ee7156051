/** The columns of the schema by role, and the one place that reads a cell. */
import type { Column, Config } from '../config/schema.ts';
import { parseTime, TIME_FORMATS } from './time.ts';

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** A decimal number as CSV files hold it; undefined for "", "0x10", "1,5" and whatever else Number() would take. */
export function parseNumber(cell: string): number | undefined {
  return NUMBER.test(cell) ? Number(cell) : undefined;
}

/**
 * Reads a CSV cell as the column's number: its value, its category's index, its time in milliseconds since 1970, NaN where
 * it is empty. Text gives 0, and so does what is ignored. Returns what is wrong as a text.
 */
export function readCell(column: Column, cell: string, decimal: '.' | ',' = '.'): number | string {
  if (column.role === 'ignored') return 0;
  if (cell === '') return column.missing === 'refuse' ? 'is empty' : Number.NaN;
  if (column.type === 'text') return 0;
  if (column.type === 'category') {
    const index = indexOfCategory(column, cell);
    return index >= 0 ? index : `${quote(cell)} is none of ${column.categories!.join(', ')}`;
  }
  if (column.type === 'time') {
    return parseTime(cell, column.format!) ?? `${quote(cell)} is no time (${TIME_FORMATS[column.format!]})`;
  }
  // A point that parts thousands stands in files with a decimal comma alone: in those that the project writes it is the decimal one.
  const texts = decimal === '.' ? column.strip?.filter((text) => text !== '.') : column.strip;
  const bare = texts === undefined ? cell : stripped(cell, texts);
  const value = parseNumber(decimal === ',' ? bare.replace(',', '.') : bare);
  if (value === undefined) return `${quote(cell)} is not a number${hint(cell)}`;
  return checkNumber(column, value, cell);
}

/** Index of a category, of what the cell is an alias of, or of the category that stands for all others; −1 for none. */
export function indexOfCategory(
  { categories, aliases, other }: Pick<Column, 'categories' | 'aliases' | 'other'>,
  cell: string,
): number {
  const index = categories!.indexOf(aliases?.[cell] ?? cell);
  return index < 0 && other !== undefined ? categories!.indexOf(other) : index;
}

/** A cell of a raw file: what stands for a missing value is missing, unless it is one of the column's own categories. */
export function readRawCell(
  column: Column,
  cell: string,
  { missing, decimal }: Pick<Config['data']['csv'], 'missing' | 'decimal'>,
): number | string {
  const isMissing = missing.includes(cell) && !(column.categories?.includes(cell) ?? false);
  return readCell(column, isMissing ? '' : cell, decimal);
}

/** A number without the texts that are written around it, such as a unit. */
function stripped(cell: string, texts: readonly string[]): string {
  let rest = cell;
  // The longest first: kg before g.
  for (const text of [...texts].sort((a, b) => b.length - a.length)) rest = rest.replaceAll(text, '');
  return rest.trim();
}

/** Whether a value is one that the column may hold; NaN is none. */
export function fits({ type, range }: Column, value: number): boolean {
  return (
    Number.isFinite(value) &&
    (type !== 'integer' || Number.isInteger(value)) &&
    (range === undefined || (value >= range[0] && value <= range[1]))
  );
}

/** The value, or what is wrong with it: not finite, not whole, out of range. */
function checkNumber(column: Column, value: number, cell: string): number | string {
  if (fits(column, value)) return value;
  if (!Number.isFinite(value)) return `${quote(cell)} is not a finite number`;
  if (column.type === 'integer' && !Number.isInteger(value)) return `${value} is not a whole number`;
  return `${value} is outside ${describeRange(column)}`;
}

export function describeRange(column: Column): string {
  const [low, high] = column.range ?? [];
  return `${low} to ${high}${column.unit === undefined ? '' : ` ${column.unit}`}`;
}

/** The cell in its one written form, so that the same value always gives the same bytes. */
export function writeCell(column: Column, value: number, cell: string): string {
  if (column.type === 'text' || column.role === 'ignored') return cell;
  if (Number.isNaN(value)) return '';
  if (column.type === 'time') return new Date(value).toISOString();
  if (column.type === 'category') return column.categories![value]!;
  return cell.length <= CANONICAL_LENGTH && CANONICAL.test(cell) ? cell : String(value);
}

/** Decimal numbers that String(Number(cell)) gives back as they are: so few digits survive, and need no exponent. */
const CANONICAL = /^-?(?!0+$)(0|[1-9]\d*)(\.\d{0,4}[1-9])?$|^0$/;
const CANONICAL_LENGTH = 15;

function quote(cell: string): string {
  return JSON.stringify(cell.length > 40 ? `${cell.slice(0, 40)}…` : cell);
}

function hint(cell: string): string {
  if (/^[+-]?\d+,\d+$/.test(cell)) return ' (decimal comma?)';
  if (/^(nan|na|n\/a|null|none|\?)$/i.test(cell)) return ' (leave the cell empty for a missing value)';
  return '';
}
