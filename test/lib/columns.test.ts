/** Cells of a table as numbers, and back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseNumber, writeCell } from '../../lib/data/columns.ts';
import { parseTime } from '../../lib/data/time.ts';

test('times in every format, and what is none', () => {
  assert.equal(parseTime('2025-03-01', 'iso'), Date.UTC(2025, 2, 1));
  assert.equal(parseTime('2025-03-01 10:15:30.250', 'iso'), Date.UTC(2025, 2, 1, 10, 15, 30, 250));
  assert.equal(parseTime('2025-03-01T10:15:30+02:00', 'iso'), Date.UTC(2025, 2, 1, 8, 15, 30));
  assert.equal(parseTime('31.12.2024', 'day_first'), Date.UTC(2024, 11, 31));
  assert.equal(parseTime('12/31/2024 23:59', 'month_first'), Date.UTC(2024, 11, 31, 23, 59));
  assert.equal(parseTime('1700000000', 'epoch'), 1_700_000_000_000);
  for (const none of ['31.02.2025', '2025-13-01', '2025-1', '25:00', '2025-01-01 25:00', ''])
    assert.equal(parseTime(none, 'iso') ?? parseTime(none, 'day_first'), undefined, none);
});

test('a number has one written form, whether it is kept or written anew', () => {
  const column = { type: 'number', role: 'input', missing: 'keep' } as const;
  fc.assert(
    fc.property(
      fc.oneof(
        fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
        fc.tuple(fc.integer(), fc.nat(10 ** 6)).map(([a, b]) => `${a}.${b}`),
        fc.constantFrom(
          '0',
          '-0',
          '00',
          '01',
          '1.0',
          '1.50',
          '-0.5',
          '0.000001',
          '.5',
          '5.',
          '1e5',
          '123456789012345678',
        ),
      ),
      (cell) => {
        const value = parseNumber(cell);
        if (value !== undefined) assert.equal(writeCell(column, value, cell), String(value), cell);
      },
    ),
    { numRuns: 2000 },
  );
});
