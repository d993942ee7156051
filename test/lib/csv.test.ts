import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { csvFormatRows } from 'd3-dsv';
import fc from 'fast-check';
import { parseNumber } from '../../lib/data/columns.ts';
import { csvLine, readRecords, safeCell } from '../../lib/files/csv.ts';
import { type CsvDialect, scanRecords } from '../../lib/files/csv-records.ts';
import { csvWriter } from '../../lib/files/csv-writer.ts';
import { temporaryFolder } from '../support.ts';

const folder = temporaryFolder();

function recordsOf(text: string, dialect?: CsvDialect): string[][] {
  const path = join(folder, 'text.csv');
  writeFileSync(path, text);
  const records: string[][] = [];
  readRecords(path, (fields) => records.push(fields), dialect);
  return records;
}

test('CSV records come back whatever they hold, in pieces smaller than the file', () => {
  const cell = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', 'é', ' ', '😀') });
  const path = join(folder, 'any.csv');
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 20 }), (rows) => {
      writeFileSync(path, csvFormatRows(rows));
      const read: string[][] = [];
      const lines: number[] = [];
      readRecords(path, (fields, line) => {
        read.push(fields);
        lines.push(line);
      });
      assert.deepEqual(read, rows);
      let line = 1;
      for (const [i, row] of rows.entries()) {
        assert.equal(lines[i], line);
        line += 1 + row.join('').split('\n').length - 1;
      }
    }),
  );
});

test('a CSV larger than one piece is read whole, with the right line numbers', () => {
  const path = join(folder, 'large.csv');
  const rows = 120_000;
  writeFileSync(path, `x,y\r\n${Array.from({ length: rows }, (_, i) => `${i},"é ${i}"\r\n`).join('')}`);
  let count = 0;
  readRecords(path, ([x, y], line) => {
    if (line === 1) return;
    assert.equal(y, `é ${x}`);
    assert.equal(line, Number(x) + 2);
    count++;
  });
  assert.equal(count, rows);
});

test('what is no text is refused', () => {
  const path = join(folder, 'junk.csv');
  writeFileSync(path, Buffer.from([0x61, 0xff, 0xfe, 0x00, 0x0a]));
  assert.throws(() => readRecords(path, () => {}), /junk\.csv {2}is not a CSV text in UTF-8/);
  assert.throws(() => readRecords(join(folder, 'absent.csv'), () => {}), /is missing/);
});

test('no cell of a ledger can run as a formula or end its line', () => {
  assert.equal(safeCell('=cmd()'), "'=cmd()");
  assert.equal(safeCell('-12.5'), '-12.5');
  assert.equal(safeCell('a\r\nb'), 'a b');
  fc.assert(fc.property(fc.array(fc.string()), (cells) => !csvLine(cells).includes('\n')));
});

test('every line end is one, a quote inside of a cell is a quote, comments are skipped', () => {
  const rows = [
    ['a', 'b'],
    ['1', ''],
    ['', '2'],
  ];
  for (const end of ['\n', '\r\n', '\r'])
    for (const last of ['', end])
      assert.deepEqual(
        recordsOf(`\uFEFF${rows.map((row) => row.join(',')).join(end)}${last}`),
        rows,
        JSON.stringify(end),
      );
  assert.deepEqual(recordsOf('size,"say ""hi"""\n5" pipe,"x"y\n\n1,2'), [
    ['size', 'say "hi"'],
    ['5" pipe', 'xy'],
    [''],
    ['1', '2'],
  ]);
  assert.deepEqual(recordsOf('|one "quote\n1|2\n|\n', { separator: '|', comment: '|' }), [['1', '2']]);
  assert.deepEqual(recordsOf(''), []);
  assert.throws(() => recordsOf('a,b\n1,2\n3,"4\n5,6\n'), /text\.csv:3 {2}a quote is opened here or later/);
});

test('a field is the number that its text is, or none', () => {
  const path = join(folder, 'numbers.csv');
  const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 9 });
  const cell = fc.oneof(
    fc
      .tuple(fc.constantFrom('', '-', '+'), digits, fc.constantFrom('', '.'), digits)
      .map((parts) => parts.join('')),
    fc.double({ noNaN: true }).map(String),
    fc.constantFrom(
      '',
      '.',
      '-',
      '1e5',
      '0x10',
      ' 1',
      '1 ',
      '1.2.3',
      '1,5',
      '"1"',
      'NaN',
      '9007199254740993',
    ),
  );
  fc.assert(
    fc.property(fc.array(cell, { minLength: 1, maxLength: 20 }), (cells) => {
      writeFileSync(path, cells.join(';'));
      scanRecords(
        path,
        (record) => {
          for (const [field, text] of cells.entries()) {
            const number = record.number(field);
            if (!Number.isNaN(number))
              assert.ok(Object.is(number, parseNumber(text)), `${text} as ${number}`);
            else assert.ok(!/^[+-]?\d{1,15}$/.test(text), `${text} is a number`);
          }
        },
        { separator: ';', comment: '' },
      );
    }),
  );
  writeFileSync(path, '1,5;-2;3.5\n');
  scanRecords(
    path,
    (record) =>
      assert.deepEqual(
        [0, 1, 2].map((f) => record.number(f)),
        [1.5, -2, Number.NaN],
      ),
    {
      separator: ';',
      comment: '',
      decimal: ',',
    },
  );
});

test('numbers are written as String() writes them, texts so that they come back', () => {
  const written = (fill: (csv: ReturnType<typeof csvWriter>) => void) => {
    const pieces: Buffer[] = [];
    const csv = csvWriter((piece) => pieces.push(Buffer.from(piece)));
    fill(csv);
    csv.end();
    return Buffer.concat(pieces).toString();
  };
  const numbers = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.maxSafeInteger(),
    fc.tuple(fc.maxSafeInteger(), fc.nat(9)).map(([whole, decimals]) => whole / 10 ** decimals),
    fc.constantFrom(0, -0, 1e15, 1e21, 1e-7, 0.000001, 2 ** 31, 21474836.48, 5e-324),
  );
  fc.assert(
    fc.property(fc.array(numbers, { minLength: 1 }), (values) => {
      const text = written((csv) => {
        for (const value of values) csv.number(value);
        csv.endRecord();
      });
      assert.equal(text, `${values.map(String).join(',')}\n`);
    }),
  );
  const cell = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', 'é', ' ', '😀'), minLength: 1 });
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1 }), (rows) => {
      const text = written((csv) => {
        for (const row of rows) csv.record(row);
      });
      assert.deepEqual(recordsOf(text), rows);
    }),
  );
  const long = 'x'.repeat(3_000_000);
  assert.equal(
    written((csv) => csv.record(['a', long, 'b'])),
    `a,${long},b\n`,
  );
});
