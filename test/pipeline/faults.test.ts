/** Killed, doubled, filled up: one wins, nothing is half-written, a rerun heals. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { trainedProject } from '../support.ts';

const project = trainedProject();

test('of two trainings at once one wins and the other says so with exit 75', async () => {
  project.configure(['n_estimators: 10', 'n_estimators: 120']);
  const both = await Promise.all([project.launch('model-train').done, project.launch('model-train').done]);
  assert.deepEqual(both.map(({ status }) => status).sort(), [0, 75], both.map(({ err }) => err).join(''));
  assert.match(both.find(({ status }) => status === 75)!.err, /busy: .* is held by process \d+/);
  project.configure(['n_estimators: 120', 'n_estimators: 10']);
});

test('killed at any moment, a training leaves every version whole, and a rerun heals', async () => {
  for (const [i, delay] of [250, 500, 700, 900].entries()) {
    project.configure([/max_depth: \d+/.exec(project.read('config.yaml'))![0], `max_depth: ${4 + (i % 3)}`]);
    const { pid, done } = project.launch('model-train');
    await new Promise((resolve) => setTimeout(resolve, delay));
    try {
      process.kill(pid, 'SIGKILL');
    } catch {}
    await done;
    for (const version of readdirSync(project.path('models')).filter((name) => /^v\d+$/.test(name))) {
      assert.ok(existsSync(project.path('models', version, 'metadata.json')), `${version} is whole`);
    }
  }
  assert.equal(project.script('model-train').status, 0);
  assert.equal(project.make('doctor').status, 0);
  const audited = project.make('audit');
  assert.equal(audited.status, 0, audited.err);
});

test('a move that was put on record and not carried out is carried out by make doctor, champion or none', () => {
  const stages = project.read('models/stages.json');
  rmSync(project.path('models/stages.json'));
  assert.notEqual(project.make('audit').status, 0);
  assert.match(project.make('doctor').out, /written again from the deployment log/);
  assert.equal(project.read('models/stages.json'), stages);
  assert.equal(project.make('audit').status, 0);
});

test('a version that was registered and not staged is staged by the next training', () => {
  const log = project.read('deployment_log.csv');
  rmSync(project.path('deployment_log.csv'));
  rmSync(project.path('models/stages.json'));
  const latest = JSON.parse(project.read('models/latest.json')).version as string;
  const { out } = project.script('model-train');
  assert.match(out, /no new version/);
  assert.match(out, new RegExp(`${latest} passes the gate and is a candidate`));
  assert.match(project.read('deployment_log.csv'), new RegExp(`stage of ${latest}: None -> Staging`));
  writeFileSync(project.path('deployment_log.csv'), log);
  project.make('doctor');
  assert.equal(project.make('audit').status, 0);
});

test('a folder that cannot be written to is named', (t) => {
  if (process.getuid?.() === 0) return t.skip('root may write anywhere');
  mkdirSync(project.path('models'), { recursive: true });
  chmodSync(project.path('models'), 0o500);
  project.configure([/max_depth: \d+/.exec(project.read('config.yaml'))![0], 'max_depth: 3']);
  const { status, err } = project.script('model-train');
  chmodSync(project.path('models'), 0o700);
  assert.equal(status, 1);
  assert.match(err, /models.*permission denied/);
});

test('a full disk is named, and nothing is half-written', (t) => {
  // /dev/full takes no byte: the ledger's lines go there.
  if (!existsSync('/dev/full')) return t.skip('there is no /dev/full here');
  const before = project.read('manifest.txt');
  writeFileSync(
    project.path('scripts/full.ts'),
    `import { openSync } from 'node:fs';
     import { writeFully } from '../lib/files/write.ts';
     import { run } from '../lib/terminal.ts';
     run(() => writeFully(openSync('/dev/full', 'w'), Buffer.from('x')));`,
  );
  const { status, err } = project.typescript('scripts/full.ts');
  assert.equal(status, 1);
  assert.match(err, /the disk is full; nothing was half-written/);
  assert.equal(project.read('manifest.txt'), before);
});

test('a port in use is named, and make start twice is no error', async () => {
  const other = createServer();
  const port = await new Promise<number>((resolve) =>
    other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port)),
  );
  project.configure(['port: 0', `port: ${port}`]);
  const refused = project.make('start');
  assert.equal(refused.status, 2);
  assert.match(refused.err, new RegExp(`port ${port} is in use by another program: set deployment\\.port`));
  other.close();
  project.configure([`port: ${port}`, 'port: 0']);
  assert.equal(project.make('start').status, 0);
  assert.match(project.make('start').out, /runs already/);
  assert.equal(project.make('smoke').out.trimEnd(), 'smoke      3 of 3');
});

test('kill -9 of a busy server: every answer it gave is in its log, and it starts again', async () => {
  const { url, pid } = JSON.parse(project.read('.make/config/server.json')) as { url: string; pid: number };
  const { signature } = (await (await fetch(`${url}/model_info`)).json()) as {
    signature: { example: object };
  };
  const given: string[] = [];
  const body = JSON.stringify(signature.example);
  const client = async () => {
    for (;;) {
      const response = await fetch(`${url}/predict`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      }).catch(() => undefined);
      if (response === undefined) return;
      const answer = (await response.json().catch(() => undefined)) as { id: string } | undefined;
      if (answer === undefined) return;
      given.push(answer.id);
    }
  };
  const clients = Promise.all([client(), client(), client(), client()]);
  while (given.length <= 100) await new Promise((resolve) => setTimeout(resolve, 10));
  process.kill(pid, 'SIGKILL');
  await clients;
  const folder = project.path('data/production/predictions');
  const logged = new Set(
    readdirSync(folder).flatMap((name) =>
      readFileSync(`${folder}/${name}`, 'utf8')
        .split('\n')
        .map((line) => /^\{"id":"([0-9a-f]+)"/.exec(line)?.[1]),
    ),
  );
  assert.ok(given.length > 100, `${given.length} answers`);
  assert.deepEqual(
    given.filter((id) => !logged.has(id)),
    [],
  );
  assert.equal(project.make('start').status, 0);
  assert.equal(project.make('doctor').status, 0);
  assert.equal(project.make('audit').status, 0);
});

test('switching under load drops no request', async () => {
  const { url } = JSON.parse(project.read('.make/config/server.json')) as { url: string };
  const { signature } = (await (await fetch(`${url}/model_info`)).json()) as {
    signature: { example: object };
  };
  const body = JSON.stringify(signature.example);
  let running = true;
  let failures = 0;
  const models = new Set<string>();
  const client = async () => {
    while (running) {
      const response = await fetch(`${url}/predict`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      }).catch(() => undefined);
      if (response?.status !== 200) failures++;
      else models.add(((await response.json()) as { model: string }).model);
    }
  };
  const clients = Promise.all([client(), client()]);
  for (const version of ['v2', 'v1', 'v2']) {
    const { status, err } = await project.launch('model-promote', { VERSION: version }).done;
    assert.equal(status, 0, err);
  }
  running = false;
  await clients;
  assert.equal(failures, 0);
  assert.ok(models.has('v1') && models.has('v2'), [...models].join());
  assert.equal(project.make('stop').status, 0);
});
