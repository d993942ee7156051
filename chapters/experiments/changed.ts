/** What changed from one run to another: settings, data, code, and how much the metrics did. */
import { existsSync, readFileSync } from 'node:fs';
import { describeChanges } from '../../lib/config/settings.ts';
import { git } from '../../lib/files/git.ts';
import type { Project } from '../../lib/project.ts';
import { byFigures, byRows, type Difference, scoresOf } from './differences.ts';
import { type Run, runPath } from './run.ts';
import type { Changed } from './run-page.ts';

export function changedBetween(project: Project, before: Run, after: Run): Changed {
  const [a, b] = [filesOf(project, before), filesOf(project, after)];
  const files = [...new Set([...Object.keys(a.code), ...Object.keys(b.code)])]
    .filter((file) => a.code[file] !== b.code[file])
    .sort();
  const { confidence } = project.config.evaluation;
  const paired = byRows(
    { run: before, scores: scoresOf(project, before) },
    { run: after, scores: scoresOf(project, after) },
    confidence,
  );
  const unpaired: Record<string, Difference> = {};
  for (const metric of paired === undefined ? Object.keys(after.metrics) : []) {
    const found = byFigures(before, after, metric, { confidence, stated: confidence });
    if (found !== undefined) unpaired[metric] = found;
  }
  return {
    before,
    settings: describeChanges(a.settings, b.settings),
    data:
      before.data.sha256 === after.data.sha256
        ? undefined
        : `data ${before.data.version} (${before.data.rows} rows) → ${after.data.version} (${after.data.rows} rows)`,
    files,
    diff: files.length === 0 ? undefined : codeDiff(project, before, after, files),
    metrics: Object.fromEntries(
      Object.entries(paired ?? unpaired).map(([metric, { estimate }]) => [metric, estimate]),
    ),
    by: paired !== undefined ? 'rows' : (Object.values(unpaired)[0]?.by ?? 'apart'),
  };
}

/** A trial has no folder: its settings are those on its line. */
function filesOf(
  project: Project,
  { id, params }: Run,
): { settings: unknown; code: Readonly<Record<string, string>> } {
  const path = runPath(project, id, 'inputs.json');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { settings: params, code: {} };
}

/** Between their commits, and what was in none of them then. */
function codeDiff(project: Project, before: Run, after: Run, files: readonly string[]): string | undefined {
  const known = [before, after].every(({ commit }) => /^[0-9a-f]{40}$/.test(commit));
  const between =
    known && before.commit !== after.commit
      ? git('diff', before.commit, after.commit, '--', ...files)
      : undefined;
  const own = [before, after].flatMap((run) => {
    const path = runPath(project, run.id, 'code.diff');
    return existsSync(path)
      ? [`# in no commit when ${run.version ?? run.id} was tried\n${readFileSync(path, 'utf8')}`]
      : [];
  });
  const all = [...(between ? [between] : []), ...own].join('\n');
  return all === '' ? undefined : all;
}
