/** The metrics of a version, a run or a git revision; with A and B how much those of the one differ from those of the other. */
import { chapters } from '../../../lib/door.ts';
import { badInput, failed } from '../../../lib/fault.ts';
import { git } from '../../../lib/files/git.ts';
import type { Project } from '../../../lib/project.ts';
import { resolveVersion } from '../../../lib/registry/pointer-files.ts';
import { lastTrained, listVersions, readMetadata } from '../../../lib/registry/versions.ts';
import { optional, step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { formatInterval } from '../../../lib/words.ts';
import { changedBetween } from '../changed.ts';
import { became, findRun, type Run, readRuns } from '../run.ts';

const args = { ID: optional, A: optional, B: optional, DIFF: optional };

step({ chapters, args }, (project, { ID, A, B, DIFF }) => {
  const { runs } = readRuns(project);
  if (A === undefined && B === undefined && DIFF === undefined) {
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
  if (before.id === after.id) throw badInput(`${A} and ${B} are one training, ${after.id}`);
  const { settings, data, files, metrics, by } = changedBetween(project, before, after);
  const what = [...settings, ...(data === undefined ? [] : [data]), ...files.slice(0, 3)];
  say(
    'metrics',
    `${title(after)} less ${title(before)}: ${what.join(' · ') || 'nothing that training uses differs'}`,
  );
  if (Object.keys(metrics).length === 0) {
    for (const [metric, [value, low, high]] of Object.entries(after.metrics)) {
      const was = before.metrics[metric];
      console.log(
        `  ${metric.padEnd(10)} ${was === undefined ? '–' : formatInterval(intervalOf(was), 4)} → ${formatInterval({ value, low, high }, 4)}`,
      );
    }
    say(
      '',
      'measured on other rows, so nothing is said of the difference: make compare takes versions to the same',
    );
    return;
  }
  const how = { rows: 'row by row', folds: 'fold by fold', apart: 'as if of other rows' }[by];
  for (const [metric, { value, low, high }] of Object.entries(metrics)) {
    const verdict = low > 0 ? 'higher' : high < 0 ? 'lower' : 'not shown to differ';
    console.log(
      `  ${metric.padEnd(10)} ${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)} [${low.toFixed(4)} – ${high.toFixed(4)}]   ${verdict}`,
    );
  }
  say('', how);
});

const intervalOf = ([value, low, high]: readonly [number, number, number]) => ({ value, low, high });

const title = ({ id, version }: Run) => version ?? `run ${id}`;

/** A run by its id; a version by its name, an alias or a stage; the version that a revision of git had, or was made at. */
function named(project: Project, runs: readonly Run[], name: string): Run {
  if (runs.some((run) => became(run, name) || (/^[0-9a-f]{4,12}$/.test(name) && run.id.startsWith(name))))
    return findRun(runs, name);
  let version: string | undefined;
  try {
    version = resolveVersion(project, name);
  } catch (error) {
    const commit = commitOf(name);
    if (commit === undefined && /^v[1-9]\d*$|^(champion|latest)$/.test(name)) throw error;
    if (commit === undefined)
      throw badInput(`${JSON.stringify(name)} is no version, no run and no revision of git`);
    version = ofRevision(project, name, commit);
  }
  const run = runs.find((each) => became(each, version));
  if (run === undefined) {
    readMetadata(project, version);
    throw failed(
      `${version} has no run: it was made before runs were kept, or its ledger is another; make compare knows it`,
    );
  }
  return run;
}

function commitOf(revision: string): string | undefined {
  if (!/^[\w][\w./~^@{}-]*$/.test(revision)) return undefined;
  return git('rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`);
}

function ofRevision(project: Project, revision: string, commit: string): string {
  // What is kept in git says it itself; else what was made at that commit.
  const latest = git('show', `${commit}:./${project.path(project.config.paths.models, 'latest.json')}`);
  if (latest !== undefined) return (JSON.parse(latest) as { version: string }).version;
  const made = listVersions(project)
    .map((version) => ({ version, git: readMetadata(project, version).git }))
    .filter((each) => each.git.commit === commit);
  const clean = made.filter(({ git: { dirty } }) => !dirty).at(-1);
  if (clean !== undefined) return clean.version;
  const { version } = made.at(-1) ?? {};
  if (version === undefined)
    throw failed(`no version was trained at ${revision}, commit ${commit.slice(0, 12)}`);
  say('', `${version} is the last that was trained at ${revision}, with changes that are in no commit`);
  return version;
}
