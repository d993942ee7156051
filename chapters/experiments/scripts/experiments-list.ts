/** Everything that was tried, in the terminal and as a page; with ID one run, and first what changed since the one before it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chapters } from '../../../lib/door.ts';
import { failed } from '../../../lib/fault.ts';
import { csvLine } from '../../../lib/files/csv.ts';
import { writeAtomic } from '../../../lib/files/write.ts';
import type { Project } from '../../../lib/project.ts';
import { optional, step, text } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { formatCount, formatMany } from '../../../lib/words.ts';
import { standings } from '../differences.ts';
import { findRun, type Run, readRuns, runPath } from '../run.ts';
import { isLowestFirst, namesOf, parseWhere, saysOf, sortRuns } from '../where.ts';

const [SHOWN, PAGES, WIDTH] = [15, 20, 12];
const DEFAULT = 'pr_auc';

step(
  { chapters, args: { WHERE: text(''), SORT: text(DEFAULT), ID: optional } },
  async (project, { WHERE, SORT, ID }) => {
    const { runs, unknown } = readRuns(project);
    if (runs.length === 0)
      throw failed('no run yet: make train leaves one, and so does each trial of make tune');
    const pagePath = (id: string) => project.path(project.config.paths.reports, 'runs', `${id}.html`);
    if (ID !== undefined) {
      const run = findRun(runs, ID);
      await writePage(project, runs, run, pagePath(run.id));
      return sayRun(project, runs, run, pagePath(run.id));
    }
    const names = namesOf(runs);
    // Where nothing came of anything yet.
    const sort = SORT === DEFAULT && !names.has(SORT) ? 'time' : SORT;
    const ranked = sortRuns(runs.filter(parseWhere(WHERE, names)), sort, names);
    const by = sort.replace(/^-/, '');
    // By a metric, and by the highest where runs are in another order.
    const metric = ranked.some(({ metrics }) => metrics[by] !== undefined) ? by : DEFAULT;
    const best = ranked.filter(({ metrics }) => metrics[metric] !== undefined);
    const stands = standings(
      project,
      by === metric && !sort.startsWith('-') ? best : sortRuns(best, metric, names),
      metric,
      isLowestFirst(metric),
    );
    const settings = differing(ranked);
    const others = ranked.filter(({ kind }) => kind !== 'trial').slice(0, PAGES);
    for (const run of others)
      if (!existsSync(pagePath(run.id))) await writePage(project, runs, run, pagePath(run.id));
    const folder = project.path(project.config.paths.reports, 'runs');
    const pages = new Set(
      existsSync(folder) ? readdirSync(folder).map((name) => name.replace(/\.html$/, '')) : [],
    );
    const { experimentsPage } = await import('../page.ts');
    const page = project.path(project.config.paths.reports, 'experiments.html');
    writeAtomic(
      page,
      await experimentsPage({
        project: project.config.project_name,
        ranked,
        all: runs.length,
        unknown,
        where: WHERE,
        sort,
        metric,
        settings,
        stands,
        pages,
      }),
    );
    writeAtomic(page.replace(/html$/, 'csv'), csvOf(ranked));
    say(
      'experiments',
      `${formatMany(ranked.length, 'run')}${ranked.length < runs.length ? ` of ${formatCount(runs.length)}` : ''}, by ${sort}   ${page}`,
    );
    for (const line of lines(ranked.slice(0, SHOWN), settings, metric, stands)) console.log(line);
    if (ranked.length > SHOWN) console.log(`  … and ${formatCount(ranked.length - SHOWN)} more`);
  },
);

/** Settings that some of them have otherwise, those of the model first. */
function differing(runs: readonly Run[]): string[] {
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

function lines(
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
function csvOf(runs: readonly Run[]): string {
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

async function changesOf(project: Project, runs: readonly Run[], run: Run) {
  const before = runs.find(({ id }) => id === run.parent);
  if (before === undefined) return undefined;
  const { changedBetween } = await import('../changed.ts');
  return changedBetween(project, before, run);
}

async function writePage(project: Project, runs: readonly Run[], run: Run, to: string): Promise<void> {
  const curve = runPath(project, run.id, 'curve.json');
  const { runPage } = await import('../run-page.ts');
  writeAtomic(
    to,
    await runPage(
      run,
      await changesOf(project, runs, run),
      existsSync(curve) ? JSON.parse(readFileSync(curve, 'utf8')) : undefined,
    ),
  );
}

async function sayRun(project: Project, runs: readonly Run[], run: Run, page: string): Promise<void> {
  const changed = await changesOf(project, runs, run);
  say(
    'run',
    `${run.id}${run.version === undefined ? '' : `, ${run.version}`}   ${run.kind}${run.error === undefined ? '' : `, failed: ${run.error}`}`,
  );
  if (changed !== undefined) {
    const { before, settings, data, files, metrics } = changed;
    const what = [
      ...settings,
      ...(data === undefined ? [] : [data]),
      ...(files.length === 0
        ? []
        : [
            `code: ${files.slice(0, 3).join(', ')}${files.length > 3 ? ` and ${files.length - 3} more` : ''}`,
          ]),
    ];
    say('since', `${before.version ?? before.id}: ${what.join(' · ') || 'nothing that training uses'}`);
    for (const [metric, { value, low, high }] of Object.entries(metrics))
      console.log(
        `  ${metric.padEnd(10)} ${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)} [${low.toFixed(3)} – ${high.toFixed(3)}]`,
      );
  }
  say('', page);
}
