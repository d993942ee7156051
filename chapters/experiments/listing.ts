/** Runs in the terminal and as CSV, with what differs between them in columns of its own. */
import { csvLine } from '../../lib/files/csv.ts';
import type { Run } from './run.ts';
import { saysOf } from './where.ts';

/** Of the first column. */
const WIDTH = 12;

/** Whether figures of two kinds stand in one column. */
export function isMixed(runs: readonly Run[]): boolean {
  return new Set(runs.map(({ kind }) => kind === 'trial')).size > 1;
}

export const MIXED =
  'Figures of trials are means over the folds of a search, those of others are of all rows out of fold.';

/** Settings that some of them have otherwise, those of the model first. */
export function differing(runs: readonly Run[]): string[] {
  const values = new Map<string, Set<unknown>>();
  for (const { params } of runs)
    for (const [name, value] of Object.entries(params)) {
      const seen = values.get(name) ?? new Set();
      values.set(name, seen.add(value));
    }
  return [...values]
    .flatMap(([name, seen]) => (seen.size > 1 ? [name] : []))
    .sort((a, b) => Number(a.includes('.')) - Number(b.includes('.')));
}

/** The best of them as lines of a terminal, in columns. */
export function linesOf(
  runs: readonly Run[],
  settings: readonly string[],
  metric: string,
  stands: ReadonlyMap<string, string>,
): string[] {
  const shown = settings.slice(0, 5);
  const head = [
    'run',
    metric,
    '',
    ...shown.map((name) => name.split('.').at(-1)!),
    'beside the best',
    'what',
  ];
  const rows = runs.map((run) => {
    const [value, low, high] = run.metrics[metric] ?? [];
    return [
      run.version ?? run.id,
      value === undefined ? (run.error === undefined ? '–' : 'failed') : value.toFixed(3),
      low === undefined ? '' : `[${low.toFixed(3)} – ${high!.toFixed(3)}]`,
      ...shown.map((name) => String(saysOf(run, name) ?? '')),
      stands.get(run.id) ?? '',
      [
        run.kind === 'train' ? '' : (run.name ?? run.kind),
        ...(run.tags ?? []),
        run.note ?? '',
        run.error ?? '',
      ]
        .filter((said) => said !== '')
        .join(' · ')
        .replace(/\s+/g, ' ')
        .slice(0, 60),
    ];
  });
  const widths = head.map((name, c) =>
    Math.max(name.length, ...rows.map((row) => row[c]!.length), c === 0 ? WIDTH : 0),
  );
  return [head, ...rows].map(
    (row) =>
      `  ${row
        .map((cell, c) => cell.padEnd(widths[c]!))
        .join('  ')
        .trimEnd()}`,
  );
}

/** Every run with all that it says, a column a name. */
export function csvOf(runs: readonly Run[]): string {
  const [metrics, params] = [new Set<string>(), new Set<string>()];
  for (const run of runs) {
    for (const name in run.metrics) metrics.add(name);
    for (const name in run.params) params.add(name);
  }
  const about = [
    'id',
    'time',
    'kind',
    'name',
    'status',
    'version',
    'parent',
    'data',
    'rows',
    'commit',
    'seconds',
    'cpu_seconds',
    'megabytes',
    'bytes',
    'log_loss',
    'note',
    'error',
  ];
  const header = [
    ...about,
    'tags',
    ...[...metrics].flatMap((name) => [name, `${name}_low`, `${name}_high`]),
    ...params,
  ];
  const rows = runs.map((run) =>
    csvLine([
      ...about.map((name) => String(saysOf(run, name) ?? '')),
      (run.tags ?? []).join(' '),
      ...[...metrics].flatMap((name) => (run.metrics[name] ?? ['', '', '']).map(String)),
      ...[...params].map((name) => String(run.params[name] ?? '')),
    ]),
  );
  return `${[csvLine(header), ...rows].join('\n')}\n`;
}
