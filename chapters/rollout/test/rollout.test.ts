/** A rollout by make: up while it passes, on where it stopped, back when it fails. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { get, type Health, load, threeVersions } from '../../../test/serving.ts';

const project = threeVersions();

/** Resolves when the running server gives the version a share. */
async function routed(version: string): Promise<void> {
  for (let i = 0; i < 300; i++) {
    const { traffic } = await get<Health>(project, '/health');
    if (traffic.some((each) => each.version === version)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${version} gets no traffic`);
}

test('a rollout steps up while it passes, goes on where it was interrupted, and ends with a champion', async () => {
  project.set({ steps: '[30, 60]' });
  project.set({ dwell_seconds: '1' });
  project.set({ min_requests: '30' });
  project.set({ failures: '{ relative: 0.5, absolute: 0.2 }' });
  project.set({ unjudged_quality: 'pass' });
  project.set({ latency_ratio: '20' });
  project.set({ score_psi: '3' });
  assert.equal(project.make('start').status, 0);
  const quiet = project.make('rollout', 'VERSION=v2');
  assert.match(
    quiet.err,
    /step 1 of 2, 30 %: inconclusive .*0 requests to the new version .*\n.*paused at 30 %/,
    'no data is no pass',
  );
  assert.ok(existsSync(project.path('models/rollout.json')));
  assert.match(project.make('rollout', 'VERSION=v3').err, /v2 is being rolled out/);
  project.set({ patience: '60' });
  const requests = await load(project, 4);
  const { out, err } = await project.launch('rollout-version', { VERSION: 'v2' }).done;
  const { failed } = await requests.stop();
  assert.match(out, /v2 goes on with step 1 of 2/, err);
  assert.match(out, /step 1 of 2, 30 %: pass/, err);
  assert.match(out, /step 2 of 2, 60 %: pass/);
  assert.match(out, /v2 is champion \(was v1\); the running server switched/);
  assert.equal(failed, 0);
  assert.ok(!existsSync(project.path('models/rollout.json')));
  const steps = project
    .read('deployment_log.csv')
    .split('\n')
    .filter((line) => line.includes(',rollout,'));
  assert.deepEqual(
    steps.map((line) => /step \d of 2, \d+ %: \w+/.exec(line)![0]),
    ['step 1 of 2, 30 %: inconclusive', 'step 1 of 2, 30 %: pass', 'step 2 of 2, 60 %: pass'],
  );
});

test('a step that fails takes the traffic back', async () => {
  const requests = await load(project, 4, {
    labelOf: (model, given) => (model === 'v3' ? String(1 - Number(given)) : given),
  });
  const { status, out, err } = await project.launch('rollout-version', { VERSION: 'v3' }).done;
  await requests.stop();
  assert.equal(status, 3, out);
  assert.match(
    err,
    /step 1 of 2, 30 %: fail .*errors 100\.00 % against 0\.00 %, beyond 1\.25 × .*\n.*v3 gets no more traffic; v2 answers alone/,
  );
  assert.equal((await get<Health>(project, '/health')).traffic.length, 1);
});

test('a server that dies under a rollout, and a hand that moves the traffic, end it', async () => {
  project.set({ dwell_seconds: '30' });
  const disturbed = project.launch('rollout-version', { VERSION: 'v3' });
  await routed('v3');
  assert.match(project.make('rollback').out, /v3 gets no more traffic/);
  assert.match((await disturbed.done).err, /somebody else moved the traffic/);
  const orphaned = project.launch('rollout-version', { VERSION: 'v3' });
  await routed('v3');
  process.kill(project.server().pid, 'SIGKILL');
  assert.match((await orphaned.done).err, /fail +the server does not answer\n.*v3 gets no more traffic/);
  assert.deepEqual(JSON.parse(project.read('models/traffic.json')), { split: {}, shadow: [] });
  assert.equal(project.make('doctor').status, 0);
});
