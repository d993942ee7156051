/** What an auditor, an attacker and an accident do to a life that was lived. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { chapters } from '../../lib/door.ts';
import { random } from '../../lib/numbers/random.ts';
import { loadProject } from '../../lib/project.ts';
import { sealEnded } from '../../lib/record/segments.ts';
import { audit } from '../../lib/registry/audit.ts';
import { livedProject } from '../support.ts';

const project = livedProject();
/** What make audit would complain of, a line each. */
const problemsOf = ({ path }: typeof project) =>
  audit(loadProject(chapters, path('config.yaml'))).problems.join('\n');
/** A segment that holds labels. */
const segments = 'data/production/predictions';
const labelSegment = readdirSync(project.path(segments))
  .map((name) => `${segments}/${name}`)
  .find((name) => project.read(name).includes('"label":"0"'))!;
const assertWell = () => assert.equal(problemsOf(project), '');

test('audit finds every edited, cut and reordered ledger, changed artefact and changed model', () => {
  const damage: readonly (readonly [
    what: string,
    path: string,
    change: (text: string) => string,
    complaint: RegExp,
  ])[] = [
    [
      'an edited manifest line',
      'manifest.txt',
      (text) => text.replace('rows=8000', 'rows=8001'),
      /manifest\.txt:2 {2}the chain breaks/,
    ],
    [
      'a cut deployment log',
      'deployment_log.csv',
      (text) => text.split('\n').slice(0, 3).concat('').join('\n'),
      /deployment_log\.csv {2}its tail was cut/,
    ],
    [
      'swapped decisions',
      'models/decisions.csv',
      (text) => {
        const [h, a, b, ...rest] = text.split('\n');
        return [h, b, a, ...rest].join('\n');
      },
      /decisions\.csv:2 {2}the chain breaks/,
    ],
    [
      'an edited label',
      labelSegment,
      (text) => text.replace('"label":"0"', '"label":"1"'),
      /predictions\/.*\.jsonl:\d+ {2}the chain breaks/,
    ],
    [
      'a champion that nobody promoted',
      'models/aliases.json',
      (text) => text.replace('"champion": "v2"', '"champion": "v1"'),
      /not where the deployment log left it: aliases\.champion "v2" → "v1"/,
    ],
    [
      'changed training rows',
      'data/processed/v1_train.csv',
      (text) => text.replace('298', '299'),
      /v1_train\.csv does not match the sha256 that the manifest records/,
    ],
    [
      'a changed model',
      'models/v1/model.json',
      (text) => text.replace('0.5', '0.6'),
      /models\/v1\/model\.json does not match its registered sha256/,
    ],
    [
      'a changed metadata file',
      'models/v1/metadata.json',
      (text) => text.replace('"accuracy"', '"Accuracy"'),
      /metadata\.json does not match/,
    ],
  ];
  for (const [what, path, change, complaint] of damage) {
    const before = project.read(path);
    writeFileSync(project.path(path), change(before));
    const problems = problemsOf(project);
    const said = path === 'manifest.txt' ? project.make('audit') : undefined;
    writeFileSync(project.path(path), before);
    assert.match(problems, complaint, what);
    if (said === undefined) continue;
    assert.equal(said.status, 2);
    assert.match(said.err, complaint);
  }
  assert.equal(project.make('audit').status, 0, 'and all is well again');
});

test('a damaged version never goes live: refused, named, the old one keeps serving', async () => {
  assert.equal(project.make('start').status, 0);
  const { url } = JSON.parse(project.read('.make/config/server.json')) as { url: string };
  const model = project.read('models/v1/model.json');
  writeFileSync(project.path('models/v1/model.json'), `${model.slice(0, 1000)}7${model.slice(1001)}`);
  const rolledBack = project.make('rollback');
  assert.match(
    rolledBack.err,
    /models\/v1\/model\.json does not match its registered sha256/,
    'nor by rolling back',
  );
  const { status, err } = project.make('promote', 'VERSION=v1');
  assert.equal(status, 2);
  assert.match(err, /models\/v1\/model\.json does not match its registered sha256 .* refused/);
  // Even when somebody moves the pointer by hand.
  const aliases = project.read('models/aliases.json');
  writeFileSync(project.path('models/aliases.json'), aliases.replace('"champion": "v2"', '"champion": "v1"'));
  let health: { model: string; refused?: { version: string }[] } = { model: '' };
  for (let i = 0; i < 100 && health.refused === undefined; i++) {
    health = (await (await fetch(`${url}/health`)).json()) as typeof health;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal(health.model, 'v2');
  assert.equal(health.refused?.[0]?.version, 'v1');
  writeFileSync(project.path('models/aliases.json'), aliases);
  writeFileSync(project.path('models/v1/model.json'), model);
  assert.equal(project.make('stop').status, 0);
  assert.match(project.read('deployment_log.csv'), /,refused,,v2,/);
});

test('a lost aliases.json is restored from the deployment log', () => {
  const aliases = project.read('models/aliases.json');
  rmSync(project.path('models/aliases.json'));
  assert.match(problemsOf(project), /not where the deployment log left it: aliases\.champion "v2" → unset/);
  assert.match(project.make('smoke').out, /v2 is champion: aliases\.json restored/);
  assert.equal(project.read('models/aliases.json'), aliases);
});

test('make doctor mends what a killed run left, and says what', () => {
  appendFileSync(project.path('manifest.txt'), 'time=2026-11-20T00:00:00Z version=v3 pa');
  writeFileSync(project.path('models/v1.clockwork-tmp-999999999'), 'half');
  writeFileSync(project.path('models/.train.lock'), `999999999 ${hostname()}\n`);
  const { status, out } = project.make('doctor');
  assert.equal(status, 0);
  for (const part of [
    /manifest\.txt: torn last line/,
    /v1\.clockwork-tmp-999999999: half-written/,
    /\.train\.lock: lock of a process that is gone/,
    /3 mended/,
  ])
    assert.match(out, part);
  assert.match(project.make('doctor').out, /nothing to mend/);
  assertWell();
});

test('make doctor deletes no version and moves no pointer because a ledger was lost', () => {
  const misspelt = (text: string) => text.replaceAll('chain=', 'chian=');
  for (const [ledger, damaged] of [
    ['models/model_metadata.log', undefined],
    ['models/model_metadata.log', misspelt],
    ['deployment_log.csv', undefined],
  ] as const) {
    const text = project.read(ledger);
    const aliases = project.read('models/aliases.json');
    if (damaged === undefined) rmSync(project.path(ledger));
    else writeFileSync(project.path(ledger), damaged(text));
    const { status, err } = project.make('doctor');
    assert.equal(status, 2, ledger);
    assert.match(err, /restore (the ledger|it) from a backup/);
    assert.ok(
      existsSync(project.path('models/v1/model.json')) && existsSync(project.path('models/v2/model.json')),
    );
    assert.equal(project.read('models/aliases.json'), aliases);
    writeFileSync(project.path(ledger), text);
  }
  assert.equal(project.make('doctor').status, 0);
  assertWell();
});

test('a flipped byte of a ledger or a pointer file is a line that names the file', () => {
  const { int } = random(3, 'flips');
  const lines: string[] = [];
  sealEnded(loadProject(chapters, project.path('config.yaml')).ledgers);
  for (const path of [
    'manifest.txt',
    'deployment_log.csv',
    'models/model_metadata.log',
    'models/decisions.csv',
    'models/monitor_history.jsonl',
    labelSegment,
    'data/production/segments.csv',
    'data/production/labelled.csv',
    'data/production/labelled_v2.csv',
    'models/aliases.json',
    'models/stages.json',
    'models/latest.json',
    'models/v2/metadata.json',
    'reports/monitor.html',
  ]) {
    const before = readFileSync(project.path(path));
    for (const bit of [1, 0x80]) {
      const flipped = Buffer.from(before);
      const at = int(before.length - 1);
      flipped[at] = flipped[at]! ^ bit;
      writeFileSync(project.path(path), flipped);
      const err = problemsOf(project);
      assert.match(err, new RegExp(path.replaceAll('.', '\\.')), `${path}, byte ${at} ^ ${bit}`);
      assert.doesNotMatch(err, /TypeError|\n\s+at |undefined/, `${path}, byte ${at} ^ ${bit}`);
      lines.push(err);
    }
    writeFileSync(project.path(path), before);
  }
  assert.ok(lines.filter((err) => /\.(txt|csv|log|jsonl):\d+ {2}/.test(err)).length > 8, 'and the line');
  assertWell();
});

test('what a reason says is no anchor', () => {
  const { status, err } = project.make('promote', 'VERSION=v1', `REASON=see labels=${'0'.repeat(32)}`);
  assert.equal(status, 0, err);
  assertWell();
  assert.equal(project.make('promote', 'VERSION=v2').status, 0);
});

test('a ledger of a chapter is anchored too', (t) => {
  if (!existsSync('chapters/alerts')) return t.skip('there is no such chapter');
  const alerts = project.read('models/alerts.jsonl');
  writeFileSync(project.path('models/alerts.jsonl'), alerts.split('\n').slice(0, 1).concat('').join('\n'));
  assert.match(problemsOf(project), /alerts\.jsonl {2}its tail was cut/);
  writeFileSync(project.path('models/alerts.jsonl'), alerts);
  assertWell();
});

test("people's own files and folders are theirs, and no pipe or link is taken for a file", () => {
  for (const name of ['keep.tmp-99999', 'models/notes.tmp-99999'])
    mkdirSync(project.path(name), { recursive: true });
  writeFileSync(project.path('export.csv.tmp-20240101'), 'mine');
  execFileSync('mkfifo', [project.path('data/production/predictions/pipe.jsonl')]);
  assert.match(project.make('doctor').out, /nothing to mend/);
  for (const name of ['keep.tmp-99999', 'models/notes.tmp-99999', 'export.csv.tmp-20240101'])
    assert.ok(existsSync(project.path(name)), name);
  assertWell();
  rmSync(project.path('data/production/predictions/pipe.jsonl'));

  const model = project.path('models/v1/model.json');
  renameSync(model, project.path('elsewhere.json'));
  symlinkSync(project.path('elsewhere.json'), model);
  assert.match(problemsOf(project), /models\/v1\/model\.json/);
  assert.match(project.make('promote', 'VERSION=v1').err, /models\/v1\/model\.json/);
  rmSync(model);
  renameSync(project.path('elsewhere.json'), model);
  assertWell();

  execFileSync('mkfifo', [project.path('pipe.yaml')]);
  assert.match(project.make('live', 'CONFIG=pipe.yaml').err, /pipe\.yaml/);
});

test('what make remembers is made again when it was lost or damaged', () => {
  for (const change of [
    () => rmSync(project.path('.make/config/config.mk')),
    () => writeFileSync(project.path('.make/config/config.mk'), ''),
    () => rmSync(project.path('.make/config/train.json')),
  ]) {
    change();
    assert.match(project.make('train').out, /up to date: v2|no new version: the result equals v2/);
  }
  writeFileSync(project.path('models/latest.json'), '{');
  assert.match(problemsOf(project), /latest\.json/);
  assert.match(project.make('doctor').out, /latest\.json: written again from the ledger of versions/);
  assertWell();
});

test('what the last audit saw is missed, and doctor moves no pointer by a log that was cut', () => {
  assertWell();
  const log = project.read('deployment_log.csv');
  assert.equal(project.make('promote', 'VERSION=v1', 'REASON=cut').status, 0);
  assert.equal(project.make('audit').status, 0);
  const [moved, whole] = [project.read('models/aliases.json'), project.read('deployment_log.csv')];
  writeFileSync(project.path('deployment_log.csv'), log);
  for (let look = 0; look < 2; look++)
    assert.match(project.make('audit').err, /deployment_log\.csv .*tail was cut.*the audit of 20/);
  const doctor = project.make('doctor');
  assert.notEqual(doctor.status, 0);
  assert.match(doctor.err, /deployment_log\.csv {2}its tail was cut since the last audit/);
  assert.equal(doctor.err.match(/tail was cut/g)!.length, 1, doctor.err);
  assert.equal(project.read('models/aliases.json'), moved);
  writeFileSync(project.path('deployment_log.csv'), whole);
  assert.equal(project.make('promote', 'VERSION=v2', 'REASON=back').status, 0);
  // A report that is no report any more is made again.
  writeFileSync(project.path('reports/audit.json'), '{"time":');
  assert.equal(project.make('audit').status, 0);
  assertWell();
});

test('of two that start the server at once, the second finds it running', async () => {
  const both = await Promise.all([0, 1].map(() => project.launch('serve-start').done));
  assert.deepEqual(
    both.map(({ status }) => status),
    [0, 0],
    both.map(({ err }) => err).join('\n'),
  );
  const said = both.map(({ out }) => out.split('\n')[0]!).sort();
  assert.match(said[0]!, /runs already: http/);
  assert.match(said[1]!, /live on http/);
  assert.equal(project.make('stop').status, 0);
});

test('make clean takes what is of this config alone, and spares a server that runs', () => {
  mkdirSync(project.path('.make/other'), { recursive: true });
  writeFileSync(project.path('.make/other/config.mk'), '# of another project');
  assert.equal(project.make('start').status, 0);
  assert.equal(project.make('clean').status, 0);
  assert.ok(existsSync(project.path('.make/other/config.mk')));
  assert.match(project.make('start').out, /runs already/);
  assert.equal(project.make('stop').status, 0);
});

test('gate and reproduce take an alias', () => {
  const { out, err } = project.make('gate', 'VERSION=champion');
  assert.match(out, /^gate +\w+ +v2/m, err);
});

test('a sealed segment is known by its hash, by every link where it is asked, and missed where it is gone', () => {
  const { ledgers } = loadProject(chapters, project.path('config.yaml'));
  sealEnded(ledgers);
  assertWell();
  assert.match(project.make('audit', 'FULL=yes').out, /all well/);
  const sealed = project.path(labelSegment);
  const before = readFileSync(sealed);
  const changed = before.toString().replace('"label":"0"', '"label":"1"');
  for (const full of ['', 'yes']) {
    writeFileSync(sealed, changed);
    const { status, err } = project.make('audit', ...(full === '' ? [] : ['FULL=yes']));
    assert.notEqual(status, 0);
    assert.match(err, /predictions\/.*\.jsonl:\d+ {2}the chain breaks/);
  }
  rmSync(sealed);
  assert.match(problemsOf(project), /segments\.csv says that predictions\/.* was sealed, and it is gone/);
  writeFileSync(sealed, before);
  assertWell();
});

test('what is made from the stream is made again where it is damaged, and no hour is lost', () => {
  assert.equal(project.make('monitor').status, 0);
  const hours = project.make('monitor', 'FROM=2026-01-01T00:00Z').out;
  for (const path of ['data/production/truth/position.json', 'data/production/summaries/position.json']) {
    writeFileSync(project.path(path), 'garbage');
    const damaged = project.make('monitor');
    assert.notEqual(damaged.status, 0);
    assert.match(damaged.err, new RegExp(`${path} {2}cannot be read`));
    assert.match(project.make('doctor').out, /from the (stream|days that are there)/);
    assert.equal(project.make('monitor').status, 0);
    assert.equal(project.make('monitor', 'FROM=2026-01-01T00:00Z').out, hours);
  }
  assertWell();
});
