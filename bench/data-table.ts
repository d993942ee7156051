/** A million rows of twenty columns as a file and a project, which the benchmarks of the data plane read. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { random } from '../lib/numbers/random.ts';
import { copyProject } from './project-copy.ts';

export const MILLION = 1_000_000;
const NUMBERS = 16;

/** Twenty rules, by the names and settings that Great Expectations has as well. */
export const RULES: readonly Readonly<Record<string, unknown>>[] = [
  ...Array.from({ length: 8 }, (_, i) => ({
    expect: 'column_values_to_be_between',
    column: `x${i}`,
    min_value: 10 * i - 8 * (1 + i),
    max_value: 10 * i + 8 * (1 + i),
  })),
  ...Array.from({ length: 4 }, (_, i) => ({
    expect: 'column_mean_to_be_between',
    column: `x${8 + i}`,
    min_value: 10 * (8 + i) - 1,
    max_value: 10 * (8 + i) + 1,
  })),
  ...['c0', 'c1', 'c2'].map((column) => ({
    expect: 'column_values_to_be_in_set',
    column,
    value_set: ['a', 'b', 'c', 'd'],
  })),
  { expect: 'column_values_to_not_be_null', column: 'x3', mostly: 0.9 },
  { expect: 'column_median_to_be_between', column: 'x5', min_value: 49, max_value: 51 },
  { expect: 'column_stdev_to_be_between', column: 'x6', min_value: 6, max_value: 8 },
  { expect: 'table_row_count_to_be_between', min_value: 1000 },
  { expect: 'column_unique_value_count_to_be_between', column: 'c0', min_value: 4, max_value: 4 },
];

/** The project's folder, with table.csv; made once. */
export function dataProject(folder: string, config: string): string {
  const at = join(folder, 'data-plane');
  if (existsSync(at)) return at;
  mkdirSync(at);
  copyProject(at);
  const columns = [
    ...Array.from({ length: NUMBERS }, (_, i) => `  x${i}: { type: number, role: input, missing: keep }`),
    ...['c0', 'c1', 'c2'].map(
      (name) => `  ${name}: { type: category, role: input, categories: [a, b, c, d], missing: keep }`,
    ),
    '  y: { type: category, role: target, categories: ["0", "1"], missing: refuse }',
  ];
  const rules = RULES.map((rule) => `      - ${JSON.stringify(rule)}`);
  writeFileSync(
    join(at, 'config.yaml'),
    config
      .replace(/^schema:\n(?: {2}.*\n)+/m, `schema:\n${columns.join('\n')}\n`)
      .replace(/engineered:\n(?: {4}.*\n)+/, 'engineered: {}\n')
      .replace(/changes:\n(?: {6}- .*\n)+/, 'changes: []\n')
      .replace(/expectations:\n(?: {6}- .*\n)+/, `expectations:\n${rules.join('\n')}\n`)
      .replace('source: simulated', 'source: file')
      .replace('data/raw/ai4i2020.csv', 'table.csv')
      .replace('duplicates: by_id', 'duplicates: keep'),
  );
  const rng = random(2, 'data plane');
  const lines = [[...Array.from({ length: NUMBERS }, (_, i) => `x${i}`), 'c0', 'c1', 'c2', 'y'].join(',')];
  for (let row = 0; row < MILLION; row++) {
    const x = Array.from({ length: NUMBERS }, (_, i) => 10 * i + (1 + i) * rng.normal());
    const y = Number(x[0]! + 0.2 * x[1]! + rng.normal() > 3);
    const cells = x.map((value, i) => (i === 3 && rng.float() < 0.02 ? '' : value.toFixed(3)));
    lines.push([...cells, ...[0, 1, 2].map(() => 'aaaaaabbbcd'[rng.int(11)]), y].join(','));
  }
  writeFileSync(join(at, 'table.csv'), `${lines.join('\n')}\n`);
  return at;
}
