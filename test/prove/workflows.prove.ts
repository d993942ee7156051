/** Every `run:` step of every workflow in a clean clone, with stand-ins for GitHub's services alone: checkout, artefacts, gh. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { plainEnvironment } from '../../bench/project-copy.ts';
import { editConfig } from '../../lib/config/edit.ts';
import { temporaryFolder } from '../support.ts';

interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly run?: string;
}
interface Job {
  readonly if?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}
interface Workflow {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const workflow = (name: string) => parse(readFileSync(`.github/workflows/${name}`, 'utf8')) as Workflow;
/** What this file is part of, and what asks the machine that GitHub gives. */
const ELSEWHERE = /^(\.ci\/run|sudo )/;

/** The runs and comments of one repository at GitHub, and artefacts by name. */
function openGithub() {
  const folder = temporaryFolder();
  const [artefacts, bin] = [join(folder, 'artefacts'), join(folder, 'bin')];
  for (const path of [artefacts, bin]) mkdirSync(path);
  writeFileSync(
    join(bin, 'gh'),
    `#!/bin/sh
# The calls that the workflows make: the last run, its artefact, and the comments of a pull request.
set -eu
[ "$GH_TOKEN" = token ] || { echo 'gh: no token' >&2; exit 4; }
case "$1 $2" in
  # The last run was cancelled and left no state.
  'run list') if [ -d '${artefacts}/state' ]; then echo 8; echo 7; fi ;;
  'run download') [ "$3" = 7 ]; cp -r '${artefacts}'/state/. . ;;
  'api --paginate') if [ -f '${folder}/comment' ]; then echo 11; fi ;;
  'api --method')
    echo "$3 $4" >> '${folder}/calls'
    file=\${6#body=@}
    cp "$file" '${folder}/comment' ;;
  *) echo "gh: what is $*" >&2; exit 1 ;;
esac
`,
  );
  chmodSync(join(bin, 'gh'), 0o755);
  const read = (name: string) =>
    existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : '';
  return { artefacts, bin, comment: () => read('comment'), calls: () => read('calls').trim().split('\n') };
}

/** What GitHub says of a run. */
const SAID: Readonly<Record<string, string>> = {
  'github.token': 'token',
  'github.repository': 'us/project',
  'github.server_url': 'https://github.example',
  'github.run_id': '7',
  'github.event.pull_request.number': '5',
};

/** Runs a job in a clone as GitHub would; stops at a step that fails, but for those that follow always. */
function runJob(
  github: ReturnType<typeof openGithub>,
  { steps }: Job,
  { change, inputs = '' }: { change?: (text: string) => string; inputs?: string } = {},
): { failed: string | undefined; folder: string } {
  const folder = join(temporaryFolder(), 'clone');
  let failed: string | undefined;
  for (const { name, uses, with: given = {}, env = {}, run } of steps) {
    if (failed !== undefined) break;
    const filled = (text: string) =>
      text.replace(
        /\$\{\{ ([\w.]+) \}\}/g,
        (_, key: string) => ({ ...SAID, 'inputs.promote': inputs })[key] ?? key,
      );
    if (uses?.startsWith('actions/checkout@')) {
      execFileSync('git', ['clone', '--quiet', '.', folder]);
      if (change !== undefined)
        writeFileSync(join(folder, 'config.yaml'), change(readFileSync(join(folder, 'config.yaml'), 'utf8')));
    } else if (uses?.startsWith('actions/upload-artifact@')) {
      const to = join(github.artefacts, given.name!);
      mkdirSync(to, { recursive: true });
      const from = join(folder, given.path!);
      cpSync(from, given.path!.endsWith('/') ? to : join(to, given.path!), { recursive: true });
    } else if (uses?.startsWith('actions/download-artifact@')) {
      mkdirSync(folder, { recursive: true });
      cpSync(join(github.artefacts, given.name!), join(folder, given.path!), { recursive: true });
    } else if (run !== undefined && !ELSEWHERE.test(run)) {
      const { status, stdout, stderr } = spawnSync(
        'bash',
        ['--noprofile', '--norc', '-eo', 'pipefail', '-c', run],
        {
          cwd: folder,
          encoding: 'utf8',
          env: {
            ...plainEnvironment(),
            ...Object.fromEntries(Object.entries(env).map(([key, value]) => [key, filled(value)])),
            GITHUB_ACTOR: 'reviewer',
            PATH: `${github.bin}:${process.env.PATH}`,
          },
        },
      );
      if (status !== 0) failed = `${name ?? run}: ${stdout.slice(-1500)}${stderr.slice(-1500)}`;
    }
  }
  return { failed, folder };
}

const versionsIn = (folder: string) =>
  readdirSync(join(folder, 'models'))
    .filter((name) => /^v\d/.test(name))
    .sort();

const aliasesIn = (folder: string) =>
  JSON.parse(readFileSync(join(folder, 'models/aliases.json'), 'utf8')) as Record<string, string>;

test('what is pushed trains from where the last push left off, and a pull request is held against its champion', {
  timeout: 600_000,
}, () => {
  const github = openGithub();
  const train = workflow('train.yml').jobs.train!;
  const first = runJob(github, train);
  assert.equal(first.failed, undefined);
  assert.deepEqual(versionsIn(first.folder), ['v1']);
  const second = runJob(github, train, {
    change: (text) => editConfig(text, { 'model_params.max_depth': 7 }),
    inputs: 'v2',
  });
  assert.equal(second.failed, undefined);
  assert.deepEqual(versionsIn(second.folder), ['v1', 'v2']);
  const { champion, candidate } = aliasesIn(second.folder);
  assert.deepEqual([champion, candidate], ['v2', 'v2']);
  assert.match(readFileSync(join(second.folder, 'deployment_log.csv'), 'utf8'), /by reviewer/);

  const { train: proposed, post } = workflow('report.yml').jobs as { train: Job; post: Job };
  const change = (text: string) =>
    editConfig(text, { 'model_params.max_depth': 3, 'model_params.n_estimators': 20 });
  const run = runJob(github, proposed, { change });
  assert.equal(run.failed, undefined);
  assert.equal(runJob(github, post).failed, undefined);
  const comment = github.comment();
  for (const part of [
    /^<!-- clockwork report -->\n# v3: RandomForest/,
    /^The gate (passes|fails|is inconclusive)\. .*champion v2/m,
    /\| pr_auc against v2 \| \w+ \| difference /,
    /^- model_params\.max_depth 7 → 3$/m,
    /^\| True class \| given 0 \| given 1 \|$/m,
    /^## Drift$/m,
    /actions\/runs\/7\) of this run/,
  ])
    assert.match(comment, part);
  assert.doesNotMatch(comment, /^!\[/m);
  assert.doesNotMatch(comment, /^(#+) .*\n\n\1 /m, 'no heading stands over nothing');
  // The next push renews the comment; one whose gate fails says so, and its job fails.
  const failing = runJob(github, proposed, {
    change: (text) => change(text).replace(/^ {4}recall: .*$/m, '    recall: 0.999'),
  });
  assert.match(failing.failed ?? '', /^Fail where the gate does: /);
  assert.equal(runJob(github, post).failed, undefined);
  assert.match(github.comment(), /^The gate fails\./m);
  assert.deepEqual(github.calls(), [
    'POST repos/us/project/issues/5/comments',
    'PATCH repos/us/project/issues/comments/11',
  ]);

  // On the main branch too; what was trained is kept, and is no candidate.
  const worse = runJob(github, train, {
    change: (text) => change(text).replace(/^ {4}recall: .*$/m, '    recall: 0.999'),
  });
  assert.match(worse.failed ?? '', /^Fail where the gate does: /);
  const after = runJob(github, train);
  assert.deepEqual(versionsIn(after.folder).slice(0, 3), ['v1', 'v2', 'v3']);
  assert.equal(aliasesIn(worse.folder).candidate, 'v2');
});

test('who runs the code of a pull request may write nothing, and who writes runs none of it', () => {
  for (const name of readdirSync('.github/workflows')) {
    const { permissions, jobs } = workflow(name);
    assert.ok(permissions !== undefined, `${name} says what it may do`);
    for (const [job, { permissions: own, steps }] of Object.entries(jobs)) {
      const writes = Object.entries(own ?? permissions ?? {}).filter(([, right]) => right === 'write');
      const runsCode = steps.some(
        ({ uses, run }) => uses?.startsWith('actions/checkout@') || /\bmake\b/.test(run ?? ''),
      );
      assert.ok(writes.length === 0 || !runsCode, `${name} ${job}`);
      for (const { uses, with: given } of steps)
        if (uses?.startsWith('actions/checkout@'))
          assert.equal(String(given?.['persist-credentials']), 'false', `${name} ${job}`);
    }
  }
});

test('the image trains, serves and stops', { timeout: 600_000 }, (t) => {
  if (spawnSync('docker', ['info']).status !== 0) return t.skip('there is no Docker daemon here');
  const job = workflow('ci.yml').jobs.image!;
  assert.equal(runJob(openGithub(), job).failed, undefined);
});

test('the suite runs on every Node that is supported', () => {
  const matrix = (
    parse(readFileSync('.github/workflows/ci.yml', 'utf8')) as {
      jobs: { test: { strategy: { matrix: { node: number[] } } } };
    }
  ).jobs.test.strategy.matrix.node;
  assert.deepEqual(matrix, [20, 22, 24, 26]);
  assert.ok(existsSync(resolve('.ci/run')));
});
