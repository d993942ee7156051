/** Everything that was tried, in the terminal and as a page; with ID one run, and first what changed since the one before it. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { chapters } from '../../../lib/door.ts';
import { failed } from '../../../lib/fault.ts';
import { writeAtomic } from '../../../lib/files/write.ts';
import type { Project } from '../../../lib/project.ts';
import { optional, step, text } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { formatCount, formatMany } from '../../../lib/words.ts';
import { standings } from '../differences.ts';
import { csvOf, differing, isMixed, linesOf, MIXED } from '../listing.ts';
import { findRun, type Run, readRuns, runPath, wordsOf } from '../run.ts';
import { hintsOf, isLowestFirst, namesOf, parseWhere, sortRuns } from '../where.ts';

const [SHOWN, PAGES] = [15, 20];
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
    const { experimentsPage, listingFile } = await import('../page.ts');
    const page = project.path(project.config.paths.reports, `${listingFile(WHERE)}.html`);
    say(
      'experiments',
      `${formatMany(ranked.length, 'run')}${ranked.length < runs.length ? ` of ${formatCount(runs.length)}` : ''}, by ${sort}   ${page}`,
    );
    if (ranked.length === 0) for (const hint of hintsOf(WHERE, names)) say('', hint);
    if (ranked.length > 0)
      for (const line of linesOf(ranked.slice(0, SHOWN), settings, metric, stands)) console.log(line);
    if (isMixed(best)) say('', MIXED);
    if (ranked.length > SHOWN) console.log(`  … and ${formatCount(ranked.length - SHOWN)} more`);
    const others = ranked.filter(({ kind }) => kind !== 'trial').slice(0, PAGES);
    for (const run of others)
      if (isStale(project, run.id, pagePath(run.id))) await writePage(project, runs, run, pagePath(run.id));
    const folder = project.path(project.config.paths.reports, 'runs');
    const pages = new Set(
      existsSync(folder) ? readdirSync(folder).map((name) => name.replace(/\.html$/, '')) : [],
    );
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
  },
);

/** A run that was tried again, or became a version, has a new folder. */
function isStale(project: Project, id: string, page: string): boolean {
  const made = (path: string) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return made(page) <= made(runPath(project, id));
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
  if (wordsOf(run) !== '') say('', wordsOf(run));
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
