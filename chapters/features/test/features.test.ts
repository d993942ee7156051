/** The fleet as its owner meets it: features made, versions of views, entities that are asked about, stores that are behind or gone. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { readTable } from '../../../lib/files/csv.ts';
import { sleep } from '../../../lib/serve/client.ts';
import { temporaryProject } from '../../../test/support.ts';

function fleetProject(rows: number) {
  const project = temporaryProject();
  cpSync('examples/fleet/config.yaml', project.path('config.yaml'));
  project.set({ n_estimators: 25, folds: 3, rows });
  const made = project.make('fleet');
  assert.equal(made.status, 0, made.err);
  return project;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (await isSo()) return;
    await sleep(100);
  }
  assert.fail('it never was so');
}

test('features of history lift what a model learns, and a change of a view is another version of it', () => {
  const project = fleetProject(7200);
  const raw = project.make('features');
  assert.equal(raw.status, 0, raw.err);
  assert.match(raw.out, /7,200 rows with 6 features as they were known.*\n +wear v1 \([0-9a-f]{12}\)/);
  assert.match(project.make('features').out, /up to date/);
  const trained = project.make('train', 'gate');
  assert.equal(trained.status, 0, trained.err);
  assert.match(
    project.read('manifest.txt'),
    /version=raw path=data\/raw\/fleet\.csv .*inputs=data\/incoming\/rows\.csv@\S+events\.csv@.* views=wear@v1:/,
  );
  const prAuc = (version: string) =>
    (
      JSON.parse(project.read(`models/${version}/metrics.json`)) as {
        metrics: { pr_auc: { value: number; low: number; high: number } };
      }
    ).metrics.pr_auc;
  assert.match(project.make('feature-registry').out, /wear v1 .*used by v1/);

  // The same rows without their history.
  const config = project.read('config.yaml');
  for (const name of [
    'vibration_mean',
    'vibration_trend',
    'temperature_max',
    'hours_since_repair',
    'readings',
  ])
    project.configure([`  ${name}: { type: number, role: input`, `  ${name}: { type: number, role: ignored`]);
  writeFileSync(
    project.path('config.yaml'),
    project.read('config.yaml').replace(/expectations:\n(?: {6}- .*\n)+/, 'expectations: []\n'),
  );
  assert.equal(project.make('prepare', 'VERSION=v2').status, 0);
  assert.equal(project.make('train').status, 0);
  const [withHistory, without] = [prAuc('v1'), prAuc('v2')];
  console.log(`PR-AUC ${withHistory.value.toFixed(3)} with history, ${without.value.toFixed(3)} without`);
  assert.ok(withHistory.low > without.high, JSON.stringify({ withHistory, without }));

  writeFileSync(
    project.path('config.yaml'),
    config.replace('mean: vibration, rows: 12', 'mean: vibration, rows: 6'),
  );
  const other = project.make('raw');
  assert.equal(other.status, 2);
  assert.match(
    other.err,
    /exists with other content than the spine and its views give now.*\n +v1 uses wear v1/,
  );
  project.configure(['raw_path: data/raw/fleet.csv', 'raw_path: data/raw/fleet_2.csv']);
  assert.match(project.make('raw').out, /wear v2 \(/);
  assert.match(project.make('feature-registry').out, /wear v2 /);
  assert.match(
    project.read('reports/features.html'),
    /v1<\/td><td>[0-9a-f]{12}<\/td><td>[^<]+<\/td><td>v1, v2/,
  );
  assert.equal(project.make('audit').status, 0);
});

test('an entity is predicted from what is known of it now, and what is behind, unknown or gone is said', async (t) => {
  const project = fleetProject(3600);
  const installed = spawnSync('make', ['.make/packages/features/node_modules/.package-lock.json']);
  if (installed.status !== 0) return t.skip('lmdb cannot be installed here');
  cpSync('.make/packages/features', project.path('.make/packages/features'), { recursive: true });
  // Until now, so that what is known is young.
  const shift = Date.now() - Date.UTC(2026, 0, 31);
  const moved = (text: string) =>
    text.replace(/2026-\d\d-\d\dT[\d:]+Z/g, (time) => new Date(Date.parse(time) + shift).toISOString());
  for (const name of ['events', 'rows'])
    writeFileSync(
      project.path(`data/incoming/${name}.csv`),
      moved(project.read(`data/incoming/${name}.csv`)),
    );
  assert.equal(project.make('train').status, 0);
  assert.equal(project.make('promote', 'VERSION=v1', 'REASON=fleet').status, 0);
  const filled = project.make('materialize');
  assert.equal(filled.status, 0, filled.err);
  assert.match(filled.out, /materialize 120 entities in lmdb, 120 changed/);
  const started = project.make('start');
  assert.equal(started.status, 0, started.err);
  try {
    const { url } = project.server();
    const post = async (path: string, body: unknown) => {
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    const row = { load: 0.6, vibration_now: 4, row: 1 };
    const known = await post('/features', { entity: { machine: 'm-0001' } });
    assert.equal(known.status, 200);
    const [view] = known.body as unknown as [
      { view: string; ageSeconds: number; features: Record<string, number> },
    ];
    assert.equal(view.view, 'wear');
    assert.ok(view.ageSeconds > 0 && view.features.vibration_mean! > 0 && view.features.readings! >= 0);
    const predicted = await post('/predict/entity', { entity: { machine: 'm-0001' }, row });
    assert.equal(predicted.status, 200, JSON.stringify(predicted.body));
    assert.ok(typeof predicted.body.probability === 'number' && typeof predicted.body.id === 'string');
    assert.deepEqual(Object.keys(predicted.body.views as object), ['wear']);
    assert.equal((await post('/predict/entity', { entity: { machine: 'nobody' }, row })).status, 503);
    assert.equal((await post('/predict/entity', { entity: {}, row })).status, 400);
    const wrong = await post('/predict/entity', {
      entity: { machine: 'm-0001' },
      row: { load: 'much', vibration_now: 4 },
    });
    assert.deepEqual([wrong.status, (wrong.body.fields as { field: string }[])[0]!.field], [400, 'load']);
    for (let i = 2; i < 30; i++)
      await post('/predict/entity', { entity: { machine: `m-${String(i).padStart(4, '0')}` }, row });
    // What is served is what training would have had.
    const watched = project.make('monitor');
    assert.equal(watched.status, 0, watched.err);
    assert.doesNotMatch(watched.out, /served otherwise than joined/);
    const report = JSON.parse(readFileSync(project.path('reports/monitor.json'), 'utf8')) as {
      feature_skew: { feature: string; rows: number; different: number }[];
    };
    assert.ok(
      report.feature_skew.length === 5 &&
        report.feature_skew.every(({ rows, different }) => rows === 29 && different === 0),
      JSON.stringify(report.feature_skew),
    );
    // A row of before that nobody had materialized when it was asked about.
    const events = project.read('data/incoming/events.csv');
    const before = new Date(Date.now() - 60_000).toISOString();
    writeFileSync(
      project.path('data/incoming/events.csv'),
      `${events}m-0002,${new Date(Date.now() - 120_000).toISOString()},${before},99,90,0\n`,
    );
    assert.match(project.make('monitor').out, /served otherwise than joined: .*vibration_mean 3\.4 %/);
    // The program beside the server puts it without being asked.
    await until(async () => {
      const fresh = await post('/features', { entity: { machine: 'm-0002' } });
      const [{ features }] = fresh.body as unknown as [{ features: Record<string, number> }];
      return features.temperature_max === 90;
    });
  } finally {
    project.make('stop');
  }
  // Another definition does not read what this one stored, and puts its own.
  project.configure(['mean: vibration, rows: 12', 'mean: vibration, rows: 6']);
  assert.equal(project.make('start').status, 0);
  try {
    await until(async () => {
      const response = await fetch(`${project.server().url}/features`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ entity: { machine: 'm-0001' } }),
      });
      assert.ok([200, 503].includes(response.status));
      return response.status === 200;
    });
  } finally {
    project.make('stop');
  }
  assert.equal(readTable(project.path('models/features.csv')).length, 2);
});
