/** Runs: found again by their inputs, asked for by conditions, held against the best, and never lost. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { plainEnvironment } from '../../../bench/project-copy.ts';
import { chapters } from '../../../lib/door.ts';
import { appendLedger } from '../../../lib/files/ledger.ts';
import { foldsInterval } from '../../../lib/measure/intervals.ts';
import { random } from '../../../lib/numbers/random.ts';
import { loadProject } from '../../../lib/project.ts';
import { compareVersions } from '../../../lib/registry/compare.ts';
import { assertClose, makeProject, temporaryFolder, trainedProject } from '../../../test/support.ts';
import { standings } from '../differences.ts';
import { configOf, readIdeas } from '../ideas.ts';
import { experimentsPage } from '../page.ts';
import { drawnOf, paretoFront } from '../pictures.ts';
import { findRun, idOf, ledgerOf, type Run, readRuns } from '../run.ts';
import { hintsOf, namesOf, parseWhere, saysOf, sortRuns } from '../where.ts';

function drawnRun(i: number, about: Partial<Run> = {}): Run {
  const rng = random(3, 'run', i);
  const value = 0.6 + 0.3 * rng.float();
  return {
    id: i.toString(16).padStart(12, '0'),
    time: new Date(1.79e12 + i).toISOString(),
    kind: 'idea',
    data: { version: 'v1', sha256: 'ab'.repeat(32), rows: 100 },
    commit: 'none',
    dirty: true,
    code: 'c',
    params: { algorithm: ['RandomForest', 'GradientBoosting'][rng.int(2)]!, max_depth: 2 + rng.int(9) },
    settings: 's',
    metrics: { pr_auc: [value, value - 0.05, value + 0.05] },
    log_loss: 0.1,
    seconds: 1 + rng.int(5),
    cpu_seconds: 1,
    megabytes: 80,
    bytes: 1000 * (1 + rng.int(9)),
    ...about,
  };
}

test('the same inputs are the same run, in whatever order they are said', () => {
  const of = {
    data: { version: 'v1', sha256: 'aa', rows: 3 },
    settings: { a: 1, b: { c: [2], d: 3 } },
    code: { x: '1', y: '2' },
  };
  const turned = { ...of, settings: { b: { d: 3, c: [2] }, a: 1 }, code: { y: '2', x: '1' } };
  assert.equal(idOf(of), idOf(turned));
  assert.match(idOf(of), /^[0-9a-f]{12}$/);
  for (const other of [
    { ...of, data: { ...of.data, sha256: 'ab' } },
    { ...of, settings: { ...of.settings, a: 2 } },
    { ...of, code: { x: '1', y: '3' } },
  ])
    assert.notEqual(idOf(other), idOf(of));
});

test('conditions hold as they read, and what is none is refused by its name', () => {
  const runs = [
    drawnRun(1, { tags: ['wear', 'b'], note: 'A "first" look', version: 'v2' }),
    drawnRun(2, { params: { algorithm: 'LogisticRegression', C: 0.5 }, metrics: {}, error: 'no rows' }),
    drawnRun(3, { params: { algorithm: 'RandomForest', max_depth: 10, 'evaluation.folds': 5 } }),
  ];
  const names = namesOf(runs);
  const found = (where: string) =>
    runs.filter(parseWhere(where, names)).map(({ id }) => Number.parseInt(id, 16));
  assert.deepEqual(found(''), [1, 2, 3]);
  assert.deepEqual(found('algorithm=LogisticRegression'), [2]);
  assert.deepEqual(found('status=failed'), [2]);
  assert.deepEqual(found('C<=.5 status!=done'), [2]);
  assert.deepEqual(found('max_depth>=10 evaluation.folds=5'), [3]);
  assert.deepEqual(found('tags=wear'), [1]);
  assert.deepEqual(found('tags!=wear'), [2, 3]);
  assert.deepEqual(found('note~"A first"'), []);
  assert.deepEqual(found('note~FIRST'), [1]);
  assert.deepEqual(found('note~first'), [1]);
  assert.deepEqual(found('version=v2'), [1]);
  assert.deepEqual(found('pr_auc>0'), [1, 3]);
  assert.deepEqual(found('pr_auc='), [2]);
  assert.deepEqual(found('time>2026 tags=nobody'), []);
  assert.deepEqual(hintsOf('pr_auc>.5 tags=nobody', names), ['tags: b, wear']);
  for (const [where, said] of [
    ['algoritm=x', /no run has "algoritm": did you mean algorithm/],
    ['pr_auc', /"pr_auc" is no condition/],
    ['pr_auc>', /pr_auc> what\?/],
    ['pr_auc>>1', /"pr_auc>>1" is no condition/],
    ['pr_auc==1', /"pr_auc==1" is no condition/],
    ['note="open', /a quote is opened and never closed/],
    ['__proto__=1', /no run has "__proto__"/],
    ['constructor=1', /no run has "constructor"/],
    ['pr_auc>abc', /pr_auc is a number, and "abc" is none/],
    [
      'algorithm>3',
      /algorithm is a text, which is =, != or ~ another \(.*LogisticRegression, RandomForest\)/,
    ],
    ['status=ok', /status=ok: done, failed/],
    ['kind=tria', /kind=tria: did you mean trial\?: train, retrain, trial, idea/],
  ] as const)
    assert.throws(() => parseWhere(where, names), said);
  assert.throws(() => sortRuns(runs, 'pr_au', names), /no run has "pr_au": did you mean pr_auc/);
  assert.deepEqual(
    sortRuns(runs, '-seconds', names).map(({ seconds }) => seconds),
    runs.map(({ seconds }) => seconds).sort((a, b) => b - a),
  );
});

test('runs in order, and those that no other beats, are what brute force says', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 30 }),
      (seeds) => {
        const runs = seeds.map((seed) => drawnRun(seed));
        const sorted = sortRuns(runs, 'pr_auc', namesOf(runs));
        for (let i = 1; i < sorted.length; i++)
          assert.ok((saysOf(sorted[i - 1]!, 'pr_auc') as number) >= (saysOf(sorted[i]!, 'pr_auc') as number));
        const beats = (a: Run, b: Run) =>
          a.metrics.pr_auc![0] >= b.metrics.pr_auc![0] &&
          a.seconds <= b.seconds &&
          (a.metrics.pr_auc![0] > b.metrics.pr_auc![0] || a.seconds < b.seconds);
        assert.deepEqual(
          new Set(paretoFront(runs, 'pr_auc', 'seconds').map(({ id }) => id)),
          new Set(runs.filter((run) => !runs.some((other) => beats(other, run))).map(({ id }) => id)),
        );
        assert.equal(new Set(drawnOf(sorted)).size, Math.min(sorted.length, 150));
      },
    ),
  );
});

test('folds that overlap are told from one another as the corrected t-test does', () => {
  // Their variance is .00037, Student's t of 4 degrees of freedom leaves a fortieth above 2.7764, and 1/5 + 1/4 is .45.
  const { value, low, high } = foldsInterval([0.81, 0.79, 0.84, 0.8, 0.82], 0.95);
  assertClose(value, 0.812, 1e-12);
  assertClose(low, 0.812 - 2.7764451051977987 * Math.sqrt(0.00037 * 0.45), 1e-9);
  assertClose(high - value, value - low, 1e-12);
  assert.ok(Number.isNaN(foldsInterval([0.5], 0.95).low));
});

test('how a run stands to the best is what make compare says, row by row and for all of them together', () => {
  const trained = trainedProject();
  for (const depth of [2, 3]) {
    trained.set({ max_depth: depth });
    assert.equal(trained.make('train').status, 0);
  }
  assert.equal(trained.make('promote', 'VERSION=v3', 'REASON=so that v2 differs').status, 0);
  const project = loadProject(chapters, trained.path('config.yaml'));
  const { runs } = readRuns(project);
  assert.deepEqual(
    runs.map(({ version }) => version),
    ['v1', 'v2', 'v3'],
  );
  assert.equal(runs[2]!.parent, runs[1]!.id);
  const ranked = sortRuns(runs, 'pr_auc', namesOf(runs));
  const stands = standings(project, ranked, 'pr_auc', false);
  const best = ranked[0]!;
  assert.equal(stands.get(best.id), 'best');
  for (const { id, version } of ranked.slice(1)) {
    const { estimate } = compareVersions(project, version!, best.version!, 2).differences.pr_auc;
    assert.equal(stands.get(id), estimate.low > 0 ? 'worse' : 'not different', `${version}`);
  }
  const said = trained.make('metrics-diff', 'A=v1', 'B=v2').out;
  const { value, low, high } = compareVersions(project, 'v1', 'v2').differences.pr_auc.estimate;
  const figure = (x: number) => x.toFixed(4);
  assert.ok(
    said.includes(`${value < 0 ? '−' : '+'}${figure(Math.abs(value))} [${figure(low)} – ${figure(high)}]`),
    said,
  );
  assert.match(said, /v2 less v1: model_params\.max_depth 10 → 2/);
  assert.match(trained.make('metrics', 'ID=champion').out, /metrics +v3 {3}data v1/);
  assert.match(trained.make('metrics', 'ID=v9').err, /no model version "v9"/);
  for (const args of [['A=v1'], [], ['A=v1', 'B=v1'], ['A=v2', 'B=latest', 'ID=v1']])
    assert.equal(trained.make('metrics-diff', ...args).status, 2, args.join(' '));
  const twice = trained.make('compare', 'A=v1', 'B=v2', 'C=v2');
  assert.deepEqual([twice.out, twice.err.split('\n')[0]], ['', 'v2 is named twice: every version once']);
  // What is said of a run is one line, can be taken back, and is there when the run is asked for.
  assert.equal(trained.make('note', 'ID=v2', 'NOTE=red \u001b[31m\u202eon', 'TAGS=a').status, 0);
  assert.match(trained.make('experiments', 'ID=v2').out, /^ +red \[31m on · a$/m);
  const cleared = trained.make('note', 'ID=v2', 'NOTE=-').out;
  assert.match(cleared, /note +v2: a\n +before it was: red \[31m on · a/);
  assert.doesNotMatch(trained.make('experiments', 'ID=v2').out, /red/);
  assert.equal(trained.make('note', 'ID=v2', `NOTE=${'x'.repeat(501)}`).status, 2);
  // Of other rows nothing is said but that.
  const [first] = ranked;
  const elsewhere = { ...first!, id: 'f'.repeat(12), data: { ...first!.data, sha256: 'cd'.repeat(32) } };
  assert.equal(standings(project, [...ranked, elsewhere], 'pr_auc', false).get(elsewhere.id), 'other rows');
});

test('a training that fails is kept with its error, and one that was half written is written again', () => {
  const trained = trainedProject();
  const project = loadProject(chapters, trained.path('config.yaml'));
  const before = readRuns(project).runs.length;
  const rows = trained.read('data/processed/v1_train.csv').split('\n');
  // One class alone: there is nothing to learn.
  const failure = rows[0]!.split(',').indexOf('Machine failure');
  writeFileSync(
    trained.path('data/processed/v1_train.csv'),
    rows.filter((line, i) => i === 0 || line.split(',')[failure] !== '1').join('\n'),
  );
  const failed = trained.make('train', 'NOTE=<b>one class</b> & "quotes"');
  assert.notEqual(failed.status, 0);
  const run = readRuns(project).runs.at(-1)!;
  assert.equal(readRuns(project).runs.length, before + 1);
  assert.ok(run.error !== undefined && run.note === '<b>one class</b> & "quotes"', JSON.stringify(run));
  assert.match(failed.err, new RegExp(run.error.slice(0, 20).replace(/[^\w ]/g, '.')));
  assert.equal(trained.make('experiments').status, 0);
  const all = trained.read('reports/experiments.html');
  const listed = trained.make('experiments', 'WHERE=status=failed');
  assert.match(listed.out, /1 run of \d+/);
  const page = trained.read('reports/experiments-where.html');
  assert.equal(trained.read('reports/experiments.html'), all);
  assert.ok(page.includes('&lt;b&gt;one class&lt;/b&gt;') && !page.includes('<b>one class'));
  writeFileSync(trained.path('data/processed/v1_train.csv'), rows.join('\n'));
  trained.set({ max_depth: 5 });
  assert.equal(trained.make('train').status, 0);
  const { runs } = readRuns(project);
  const { id } = runs.at(-1)!;
  // Killed between the folder and the line: the same training makes both anew.
  rmSync(trained.path('models/runs', id, 'curve.json'));
  const ledger = trained.read('models/runs.jsonl').trimEnd().split('\n');
  writeFileSync(trained.path('models/runs.jsonl'), `${ledger.slice(0, -1).join('\n')}\n{"id":"torn`);
  rmSync(trained.path('models/latest.json'));
  assert.equal(trained.make('train').status, 0);
  assert.equal(readRuns(project).runs.at(-1)!.id, id);
  assert.ok(existsSync(trained.path('models/runs', id, 'curve.json')));
  assert.equal(trained.make('audit').status, 0);
});

test('ideas are tried once, side by side, and become versions by make train', () => {
  const trained = trainedProject();
  trained.set({ n_estimators: 5 });
  writeFileSync(
    trained.path('ideas.yaml'),
    `ideas:
  linear: { model_params.algorithm: LogisticRegression }
  as it is: { model_params.max_depth: 10 }
grid:
  model_params.max_depth: [2, 4]
  model_params.min_samples_leaf: [1, 30]
`,
  );
  const tried = trained.make('-j2', 'experiment', 'FILE=ideas.yaml', 'TAGS=first,second one');
  assert.equal(tried.status, 0, tried.err);
  assert.match(tried.out, /6 ideas of ideas\.yaml: 6 have their runs, 0 failed/);
  const project = loadProject(chapters, trained.path('config.yaml'));
  const { runs } = readRuns(project);
  const ideas = runs.filter(({ kind }) => kind === 'idea');
  assert.deepEqual(ideas.map(({ name }) => name).sort(), [
    'as it is',
    'linear',
    'max_depth=2 min_samples_leaf=1',
    'max_depth=2 min_samples_leaf=30',
    'max_depth=4 min_samples_leaf=1',
    'max_depth=4 min_samples_leaf=30',
  ]);
  assert.ok(ideas.every(({ tags, version }) => tags?.join() === 'first,second one' && version === undefined));
  assert.deepEqual(
    readdirSync(trained.path('models')).filter((name) => /^v\d/.test(name)),
    ['v1'],
  );
  const again = trained.make('experiment', 'FILE=ideas.yaml', 'NOTE=once more');
  assert.match(again.out, /6 have their runs/);
  assert.match(again.err, /^tried before: "linear" is [0-9a-f]{12}, /m);
  assert.ok(
    readRuns(project).runs.every(
      ({ kind, note, tags }) => kind !== 'idea' || (note === 'once more' && tags?.length === 2),
    ),
  );
  assert.equal(trained.make('experiment', 'FILE=ideas.yaml', `NOTE=${'long'.repeat(200)}`).status, 2);
  assert.doesNotMatch(again.out, /^idea/m);
  assert.equal(readRuns(project).runs.length, runs.length);
  // What was an idea becomes a version by make train: it is the same run, and its page says so.
  assert.equal(trained.make('experiments').status, 0);
  const page = (id: string) => trained.read('reports/runs', `${id}.html`);
  const same = ideas.find(({ name }) => name === 'as it is')!.id;
  assert.ok(!page(same).includes('v2'));
  assert.equal(trained.make('train').status, 0);
  assert.equal(trained.make('experiments').status, 0);
  assert.match(page(same), /<h1>Run [0-9a-f]{12}, v2<\/h1>/);
  const registered = readRuns(project).runs.find(({ version }) => version === 'v2')!;
  assert.equal(registered.id, ideas.find(({ name }) => name === 'as it is')!.id);
  assert.deepEqual(registered.tags, ['first', 'second one']);
  assert.equal(readRuns(project).runs.length, runs.length);

  for (const [text, said] of [
    ['ideas: {', /wrong\.yaml {2}/],
    ['other: 1', /wrong\.yaml {2}other: /],
    ['', /wrong\.yaml {2}is empty: ideas: /],
    ['- 1', /wrong\.yaml {2}is no list of names/],
    ['idea: {}', /wrong\.yaml {2}idea: no such key: did you mean ideas\?/],
    [
      'ideas: { x: { model_params.max_dept: 3 } }',
      /idea "x": the config has no setting model_params\.max_dept: did you mean model_params\.max_depth\?/,
    ],
    ['ideas: { x: { model_params.max_depth: deep } }', /wrong\.yaml, idea "x" {2}model_params\.max_depth: /],
    ['ideas: { x: { paths.models: elsewhere } }', /paths\.models: it may change settings of model_params/],
    ['ideas: { x: { model_params.algorithm: "a\\nb: c" } }', /a word/],
    [
      `grid: { model_params.max_depth: [${Array.from({ length: 200 }, (_, i) => i)}], model_params.n_estimators: [${Array.from({ length: 200 }, (_, i) => i)}] }`,
      /40000 points: 10000 at most/,
    ],
  ] as const) {
    const wrong = trained.path('wrong.yaml');
    writeFileSync(wrong, text);
    const sections = chapters.flatMap(({ section }) => section ?? []);
    assert.throws(() => {
      for (const idea of readIdeas(wrong)) configOf(project.text, wrong, idea, sections);
    }, said);
  }
  const refused = trained.make('experiment', 'FILE=wrong.yaml');
  assert.equal(refused.status, 2);
  assert.match(refused.err, /^wrong\.yaml {2}the grid has 40000 points: 10000 at most\n/);
  assert.match(trained.make('experiment', 'FILE=gone.yaml').err, /gone\.yaml {2}is missing/);
});

test('a thousand runs are a page of less than 300 kB, ten thousand too, and any note is text', async () => {
  const evil = '</script><script>alert(1)</script><img src=x onerror=alert(1)>';
  const runs = Array.from({ length: 10_000 }, (_, i) =>
    drawnRun(i, i % 100 === 0 ? { note: evil, tags: [evil], name: evil, error: evil } : {}),
  );
  for (const some of [runs.slice(0, 1000), runs]) {
    const ranked = sortRuns(some, 'pr_auc', namesOf(some));
    const page = await experimentsPage({
      project: 'p',
      ranked,
      all: some.length,
      unknown: 0,
      where: evil,
      sort: 'pr_auc',
      metric: 'pr_auc',
      settings: ['algorithm', 'max_depth'],
      stands: new Map(),
      pages: new Set(),
    });
    assert.ok(page.length < 300_000, `${page.length}`);
    assert.ok(!page.includes('<img src=x') && !page.includes('<script>alert'));
    assert.equal(page.match(/<tr><td>/g)!.length, 1000);
  }
});

test('lines of a newer program are passed over and counted, and half an id is not two runs', () => {
  const folder = temporaryFolder();
  const made = makeProject(folder);
  const project = loadProject(chapters, made.path('config.yaml'));
  mkdirSync(made.path('models'), { recursive: true });
  const { path, format } = ledgerOf(project);
  const lines = [drawnRun(1), drawnRun(2)].map((run) => JSON.stringify(run));
  appendLedger(path, format, [
    ...lines,
    JSON.stringify({ id: '000000000001', note: 'later' }),
    JSON.stringify({ id: 'nobody', note: 'x' }),
    JSON.stringify({ kind: 'dream', what: 1 }),
    JSON.stringify({ schema: 2 }),
  ]);
  const { runs, unknown } = readRuns(project);
  assert.deepEqual([runs.length, unknown, runs[0]!.note], [2, 3, 'later']);
  assert.throws(() => findRun(runs, '0000'), /0000 stands for 2 runs/);
  assert.throws(() => findRun(runs, '../v1'), /there is no run "\.\.\/v1"/);
  assert.equal(findRun(runs, '000000000002').id, '000000000002');
  // A training that was made a version twice is both.
  appendLedger(path, format, [
    JSON.stringify(drawnRun(1, { version: 'v1' })),
    JSON.stringify(drawnRun(1, { version: 'v4' })),
  ]);
  const twice = readRuns(project).runs;
  assert.deepEqual(
    ['v1', 'v4'].map((version) => [findRun(twice, version).id, findRun(twice, version).version]),
    [
      ['000000000001', 'v1'],
      ['000000000001', 'v4'],
    ],
  );
  appendFileSync(path, '{"id":"half');
  assert.equal(readRuns(project).runs.length, 2);
  assert.equal(made.make('note', 'ID=000000000002', 'NOTE=said').status, 0);
  assert.equal(readRuns(project).runs[1]!.note, 'said');
  assert.ok(!readFileSync(path, 'utf8').includes('"half'));
});

test('the metrics of a git revision are those of the version that was made at it', () => {
  const trained = trainedProject();
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
      cwd: trained.folder,
      encoding: 'utf8',
    }).trim();
  git('init', '-q');
  writeFileSync(trained.path('.gitignore'), 'node_modules\n.make\ndata\nmodels\nreports\n');
  git('add', '-A');
  git('commit', '-qm', 'before');
  trained.set({ max_depth: 3 });
  assert.equal(trained.make('train').status, 0);
  git('commit', '-qam', 'shallow');
  trained.set({ max_depth: 5 });
  git('commit', '-qam', 'deeper');
  assert.equal(trained.make('train').status, 0);
  const first = git('rev-parse', 'HEAD~2');
  assert.match(trained.make('metrics', `ID=${first}`).out, /metrics +v2 /);
  assert.match(trained.make('metrics', 'ID=HEAD').out, /metrics +v3 /);
  const diff = trained.make('metrics-diff', 'A=HEAD~2', 'B=HEAD');
  assert.match(diff.out, /v3 less v2: model_params\.max_depth 3 → 5/, diff.err);
  assert.match(diff.out, /v2 is the last that was trained at HEAD~2, with changes that are in no commit/);
  assert.match(
    trained.make('metrics', 'ID=HEAD~1').err,
    /no version was trained at HEAD~1, commit [0-9a-f]{12}/,
  );
  for (const evil of ['--output=x', '$(touch x)']) {
    assert.equal(trained.make('metrics', `ID=${evil}`).status, 2, evil);
    assert.ok(!existsSync(trained.path('x')));
  }
  // What was in no commit yet is on its page.
  writeFileSync(trained.path('lib/learn/gini.ts'), `${trained.read('lib/learn/gini.ts')}// <changed>\n`);
  trained.set({ max_depth: 6 });
  assert.equal(trained.make('train').status, 0);
  assert.match(
    trained.make('experiments', 'ID=v4').out,
    /since +v3: .*max_depth 5 → 6 · code: lib\/learn\/gini\.ts/,
  );
  const { runs } = readRuns(loadProject(chapters, trained.path('config.yaml')));
  assert.match(trained.read('reports/runs', `${runs.at(-1)!.id}.html`), /\+\/\/ &lt;changed&gt;/);
});

test('two experiments at once try each idea once', async () => {
  const trained = trainedProject();
  trained.set({ n_estimators: 5 });
  writeFileSync(trained.path('ideas.yaml'), 'grid: { model_params.max_depth: [2, 3, 4] }\n');
  const both = await Promise.all(
    [0, 1].map(
      () =>
        new Promise<number | null>((settle) =>
          spawn('make', ['-s', 'experiment', 'FILE=ideas.yaml'], {
            cwd: trained.folder,
            env: plainEnvironment(),
            stdio: 'ignore',
          }).once('close', settle),
        ),
    ),
  );
  assert.deepEqual(both, [0, 0]);
  const lines = trained.read('models/runs.jsonl').match(/"kind":"idea"/g)!.length;
  const project = loadProject(chapters, trained.path('config.yaml'));
  assert.equal(readRuns(project).runs.filter(({ kind }) => kind === 'idea').length, 3);
  assert.equal(lines, 3);
  assert.equal(trained.make('audit').status, 0);
});
