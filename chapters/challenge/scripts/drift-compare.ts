/** Drift of one CSV against another, column by column: PSI in the report, KS in a file beside it. */
import type { NamedColumn } from '../../../lib/config/roles.ts';
import type { Config } from '../../../lib/config/schema.ts';
import { indexOfCategory, readRawCell } from '../../../lib/data/columns.ts';
import { chapters } from '../../../lib/door.ts';
import { badInput } from '../../../lib/fault.ts';
import { readTable } from '../../../lib/files/csv.ts';
import { json, writeAtomic } from '../../../lib/files/write.ts';
import { type Drift, measureDrifts } from '../../../lib/measure/drift.ts';
import { categoryReference, numericReference } from '../../../lib/measure/drift-reference.ts';
import { output, required, step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { driftLimits } from '../../../lib/watch/monitor.ts';
import { formatCount, formatInterval } from '../../../lib/words.ts';

const which = required('which two? make drift REF=before.csv NEW=after.csv [OUT=drift_report.json]');

step({ chapters, args: { REF: which, NEW: which, OUT: output } }, ({ config, path }, { REF, NEW, OUT }) => {
  const [before, after] = [readTable(REF, config.data.csv), readTable(NEW, config.data.csv)];
  for (const [name, rows] of [
    [REF, before],
    [NEW, after],
  ] as const)
    if (rows.length === 0) throw badInput(`${name}  has no rows`);
  const shared = Object.entries(config.schema).filter(
    ([name, { role, type }]) =>
      (role === 'input' || role === 'sensitive') &&
      type !== 'text' &&
      name in before[0]! &&
      name in after[0]!,
  );
  if (shared.length === 0)
    throw badInput(`${REF} and ${NEW} share no column with role input or sensitive of the schema`);

  const threshold = config.monitoring.psi_threshold;
  const columns = shared.map(([name, column]) => {
    const named = { name, ...column };
    const [reference, batch] = [
      columnOf(REF, before, named, config.data.csv),
      columnOf(NEW, after, named, config.data.csv),
    ];
    return {
      reference:
        column.categories === undefined
          ? numericReference(name, reference)
          : categoryReference(name, reference, column.categories),
      column: batch,
    };
  });
  const drifts = measureDrifts(columns, driftLimits(config));
  const round = (x: number) => Math.round(x * 1e6) / 1e6;
  const overall = drifts.some(({ psi }) => psi > threshold);
  const drifted = drifts.flatMap(({ name, verdict }) => (verdict === 'drift' ? [name] : []));
  const out = OUT ?? path(config.paths.reports, 'drift_report.json');
  const byName = (value: (drift: Drift) => number | null) =>
    Object.fromEntries(drifts.map((drift) => [drift.name, value(drift)]));
  const report = { threshold, overall_drift: overall, features: byName(({ psi }) => round(psi)) };
  writeAtomic(out, json(report));
  const beside = out.replace(/(\.json)?$/, '_ks.json');
  writeAtomic(
    beside,
    json({
      ks: byName(({ ks }) => (ks === null ? null : round(ks))),
      p_value: byName(({ p_value }) => p_value),
      verdict: Object.fromEntries(drifts.map(({ name, verdict }) => [name, verdict])),
    }),
  );
  say(
    'drift',
    `${overall ? 'yes' : 'no'}: ${formatCount(before.length)} rows against ${formatCount(after.length)}, PSI above ${threshold} counts`,
    `by the calibrated verdict: ${drifted.join(', ') || 'none'}`,
  );
  for (const { name, psi, size, p_value, ks, verdict } of [...drifts].sort((a, b) => b.psi - a.psi))
    console.log(
      `  ${name.padEnd(28)} PSI ${psi.toFixed(3)}   ${ks === null ? '        ' : `KS ${ks.toFixed(3)}`}   ${verdict.padEnd(7)} ${verdict === 'no data' ? '' : `chance ${p_value < 0.001 ? '< .001' : p_value.toFixed(3)}, size ${formatInterval(size)}`}`.trimEnd(),
    );
  say('', `${out} · ${beside}`);
});

/** A column as numbers or category indices; fails at the first cell that is neither right nor missing. */
function columnOf(
  file: string,
  rows: readonly Record<string, string>[],
  column: NamedColumn,
  csv: Config['data']['csv'],
): Float64Array {
  return Float64Array.from(rows, (row, i) => {
    const cell = row[column.name]!.trim();
    if (column.categories !== undefined && cell !== '' && indexOfCategory(column, cell) < 0) return -1;
    const value = readRawCell({ ...column, missing: 'keep' }, cell, csv);
    if (typeof value === 'string') throw badInput(`${file}:${i + 2}  column "${column.name}": ${value}`);
    return value;
  });
}
