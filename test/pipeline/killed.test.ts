/** The end of a retraining, killed before any of its writes: afterwards it is as before, or done. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { copyFolder, plainEnvironment } from '../../bench/project-copy.ts';
import { chapters } from '../../lib/door.ts';
import { loadProject } from '../../lib/project.ts';
import { readDecisions } from '../../lib/record/decisions.ts';
import { audit } from '../../lib/registry/audit.ts';
import { readPointers } from '../../lib/registry/pointer-files.ts';
import { lastTrained } from '../../lib/registry/versions.ts';
import { concludeRetraining, finishRetraining } from '../../lib/watch/retraining.ts';

const NOTE = {
  version: 'v2',
  data_version: 'v2',
  reason: 'retrained',
  verdict: 'is better',
  evidence: 'none',
};

// This file is also the program that is looked at.
if (process.env.SNAPSHOTS !== undefined) {
  const project = loadProject(chapters);
  if (process.env.FINISH === undefined) concludeRetraining(project, NOTE);
  else finishRetraining(project);
  process.exit(0);
}
// What only tests need is nothing that the program waits for.
const { copyOf, temporaryFolder, THREE } = await import('../support.ts');

/** Keeps what lies there before each write: what a process killed then leaves behind, locks and half-written files too. */
const KEEP = `data:text/javascript,${encodeURIComponent(`
  import { spawnSync } from 'node:child_process';
  import fs from 'node:fs';
  import { syncBuiltinESMExports } from 'node:module';
  let writes = 0;
  const keep = () => spawnSync('cp', ['-a', process.env.PROJECT + '/.', process.env.SNAPSHOTS + '/' + String(writes++).padStart(3, '0')]);
  for (const name of ['writeSync', 'writeFileSync', 'appendFileSync', 'renameSync', 'linkSync', 'rmSync', 'unlinkSync', 'ftruncateSync']) {
    const real = fs[name];
    fs[name] = (...args) => { keep(); return real(...args); };
  }
  syncBuiltinESMExports();`)}`;

/** A copy for each write that the program does in the folder, as the project was before that write; the last is the end. */
function snapshotsOf(folder: string, more: Readonly<Record<string, string>> = {}): string[] {
  const snapshots = temporaryFolder();
  const { status, stderr } = spawnSync(process.execPath, ['--import', KEEP, process.argv[1]!], {
    env: {
      ...plainEnvironment(),
      CONFIG: `${folder}/config.yaml`,
      PROJECT: folder,
      SNAPSHOTS: snapshots,
      ...more,
    },
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return [...readdirSync(snapshots).map((name) => `${snapshots}/${name}`), folder];
}

function stateAfterFinishing(folder: string): 'before' | 'done' {
  const project = loadProject(chapters, `${folder}/config.yaml`);
  finishRetraining(project);
  assert.deepEqual(finishRetraining(project), [], `${folder}: once is enough`);
  const { config, models } = loadProject(chapters, `${folder}/config.yaml`);
  const found = {
    champion: readPointers(project).aliases.champion,
    data: config.data.current_version,
    latest: lastTrained(project),
    decided: readDecisions(project.ledgers).at(-1)?.decision,
  };
  const isDone = found.champion === 'v2';
  assert.deepEqual(
    found,
    isDone
      ? { champion: 'v2', data: 'v2', latest: 'v2', decided: 'promoted' }
      : { champion: 'v1', data: 'v1', latest: 'v3', decided: undefined },
    folder,
  );
  assert.ok(!existsSync(`${models}/retraining.json`), folder);
  assert.deepEqual(audit(project).problems, [], folder);
  return isDone ? 'done' : 'before';
}

test('a retraining that is killed while it ends is as before, or done; so is one killed while it is finished', () => {
  const { folder: made } = copyOf(THREE);
  const folder = temporaryFolder();
  for (const part of ['models', 'data', 'config.yaml', 'manifest.txt', 'deployment_log.csv'])
    copyFolder(`${made}/${part}`, `${folder}/${part}`);
  const snapshots = snapshotsOf(folder);
  const killedTwice = temporaryFolder();
  mkdirSync(`${killedTwice}/project`);
  copyFolder(snapshots.at(-6)!, `${killedTwice}/project`);

  const states = snapshots.map(stateAfterFinishing);
  assert.ok(states.length > 15, `${states.length} writes`);
  assert.deepEqual([states[0], states.at(-1)], ['before', 'done']);
  assert.deepEqual(states, [...states].sort(), 'first as before, from one write on done');

  const finishing = snapshotsOf(`${killedTwice}/project`, { FINISH: 'yes' });
  assert.ok(finishing.length > 3, `${finishing.length} writes`);
  assert.deepEqual(new Set(finishing.map(stateAfterFinishing)), new Set(['done']));
});
