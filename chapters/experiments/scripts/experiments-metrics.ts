/** The metrics of a version, a run or a git revision; with A and B how much those of the one differ from those of the other. */
import { chapters } from '../../../lib/door.ts';
import { badInput, failed } from '../../../lib/fault.ts';
import { git } from '../../../lib/files/git.ts';
import type { Project } from '../../../lib/project.ts';
import { resolveVersion } from '../../../lib/registry/pointer-files.ts';
import { lastTrained, listVersions, readMetadata } from '../../../lib/registry/versions.ts';
import { optional, step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { changedBetween } from '../changed.ts';
import { findRun, type Run, readRuns } from '../run.ts';

step({ chapters, args: { ID: optional, A: optional, B: optional } }, (project, { ID, A, B }) => {
  const { runs } = readRuns(project);
  if (A === undefined && B === undefined) {
    const run = named(project, runs, ID ?? lastTrained(project));
    say('metrics', `${title(run)}   data ${run.data.version}, ${run.data.rows} rows`);
    for (const [metric, [value, low, high]] of Object.entries(run.metrics))
      console.log(`  ${metric.padEnd(10)} ${value.toFixed(4)} [${low.toFixed(4)} – ${high.toFixed(4)}]`);
    if (run.log_loss !== undefined) console.log(`  ${'log loss'.padEnd(10)} ${run.log_loss.toFixed(4)}`);
    return;
  }
  if (A === undefined || B === undefined || ID !== undefined)
    throw badInput('which two? make metrics-diff A=v1 B=v2: versions, runs, or revisions of git');
  const [before, after] = [named(project, runs, A), named(project, runs, B)];
  const { settings, data, files, metrics, by } = changedBetween(project, before, after);
  const what = [...settings, ...(data === undefined ? [] : [data]), ...files.slice(0, 3)];
  say(
    'metrics',
    `${title(after)} less ${title(before)}: ${what.join(' · ') || 'nothing that training uses differs'}`,
  );
  if (Object.keys(metrics).length === 0)
    throw failed(
      `${title(before)} and ${title(after)} are of other rows: make compare takes versions to the same`,
    );
  const how = { rows: 'row by row', folds: 'fold by fold', apart: 'as if of other rows' }[by];
  for (const [metric, { value, low, high }] of Object.entries(metrics)) {
    const verdict = low > 0 ? 'higher' : high < 0 ? 'lower' : 'not shown to differ';
    console.log(
      `  ${metric.padEnd(10)} ${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)} [${low.toFixed(4)} – ${high.toFixed(4)}]   ${verdict}`,
    );
  }
  say('', how);
});

const title = ({ id, version }: Run) => version ?? `run ${id}`;

/** A run by its id; a version by its name, an alias or a stage; the version that a revision of git had, or was made at. */
function named(project: Project, runs: readonly Run[], name: string): Run {
  if (
    runs.some(({ id, version }) => version === name || (/^[0-9a-f]{4,12}$/.test(name) && id.startsWith(name)))
  )
    return findRun(runs, name);
  let version: string | undefined;
  try {
    version = resolveVersion(project, name);
  } catch (error) {
    version = ofRevision(project, name);
    if (version === undefined) throw error;
  }
  const run = runs.find((each) => each.version === version);
  if (run === undefined) {
    readMetadata(project, version);
    throw failed(
      `${version} has no run: it was made before runs were kept, or its ledger is another; make compare knows it`,
    );
  }
  return run;
}

function ofRevision(project: Project, revision: string): string | undefined {
  if (!/^[\w][\w./~^@{}-]*$/.test(revision)) return undefined;
  const commit = git('rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`);
  if (commit === undefined) return undefined;
  // What is kept in git says it itself; else what was made at that commit.
  const latest = git('show', `${commit}:./${project.path(project.config.paths.models, 'latest.json')}`);
  if (latest !== undefined) return (JSON.parse(latest) as { version: string }).version;
  return listVersions(project)
    .filter((version) => readMetadata(project, version).git.commit === commit)
    .at(-1);
}
