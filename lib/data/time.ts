/** Times as CSV files hold them. */
import type { Column } from '../config/schema.ts';

export type TimeFormat = NonNullable<Column['format']>;

/** What each format looks like, for the person whose cell does not. */
export const TIME_FORMATS: Readonly<Record<TimeFormat, string>> = {
  iso: '2026-01-31, or with a time 2026-01-31T10:15:00',
  day_first: '31.01.2026, or with a time 31.01.2026 10:15',
  month_first: '01/31/2026, or with a time 01/31/2026 10:15',
  epoch: 'seconds since 1970',
};

const CLOCK = '(?:[T ](\\d{1,2}):(\\d{2})(?::(\\d{2})(?:[.,](\\d{1,9}))?)?\\s*(Z|UTC|[+-]\\d{2}:?\\d{2})?)?';
const ISO = new RegExp(`^(\\d{4})[-/.](\\d{1,2})[-/.](\\d{1,2})${CLOCK}$`);
const OTHERS = new RegExp(`^(\\d{1,2})[-/.](\\d{1,2})[-/.](\\d{4}),?${CLOCK}$`);

/** Milliseconds since 1970; undefined for what is no time of the format. Without an offset it is UTC. */
export function parseTime(cell: string, format: TimeFormat): number | undefined {
  if (format === 'epoch') return /^\d{9,11}(\.\d+)?$/.test(cell) ? Number(cell) * 1000 : undefined;
  const parts = ISO.exec(cell) ?? (format === 'iso' ? null : OTHERS.exec(cell));
  if (parts === null) return undefined;
  const [first, second, third] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  const [year, month, day] = ISO.test(cell)
    ? [first, second, third]
    : format === 'day_first'
      ? [third, second, first]
      : [third, first, second];
  const [hour, minute, whole] = [parts[4], parts[5], parts[6]].map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
  ];
  const milliseconds = Math.round(Number(`0.${parts[7] ?? 0}`) * 1000);
  const time = Date.UTC(year, month - 1, day, hour, minute, whole, milliseconds);
  const date = new Date(time);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || hour > 23 || minute > 59 || whole > 59)
    return undefined;
  return time - offsetOf(parts[8]);
}

function offsetOf(zone: string | undefined): number {
  const parts = /^([+-])(\d{2}):?(\d{2})$/.exec(zone ?? '');
  if (parts === null) return 0;
  return (parts[1] === '-' ? -1 : 1) * (Number(parts[2]) * 60 + Number(parts[3])) * 60_000;
}
