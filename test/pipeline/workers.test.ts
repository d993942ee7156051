/** The server's processes: workers, restarts, starts at once, numbers of the dead. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { ask, isAlive, load, threeVersions } from '../serving.ts';

const project = threeVersions();

test('two workers share the port: a promotion reaches both, a restart and a dead one drop nothing', async () => {
  project.set({ workers: '2' });
  assert.match(project.make('start').out, /2 workers on/);
  assert.match(project.make('start').out, /runs already/);
  const before = project.server().workers;
  assert.equal(before.length, 2);
  const switches = () => project.read('deployment_log.csv').split(',switch,v1 -> v3,').length;
  const switchesBefore = switches();
  const requests = await load(project, 6);
  await requests.answered(50);
  assert.equal(project.make('promote', 'VERSION=v3').status, 0);
  await new Promise((resolve) => setTimeout(resolve, 600));
  assert.equal(switches() - switchesBefore, 2);
  const { status, out, err } = await project.launch('serve-restart').done;
  assert.equal(status, 0, err);
  assert.match(out, /2 workers restarted/);
  assert.ok(project.server().workers.every((pid) => !before.includes(pid)));
  const { failed, answered } = await requests.stop();
  assert.equal(failed, 0, `of ${answered}`);
  const metrics = await (await ask(`${project.server().url}/metrics`)).text();
  assert.match(metrics, /clockwork_traffic_percent\{version="v3"\} 100/);
  const [killed] = project.server().workers;
  process.kill(killed!, 'SIGKILL');
  // A process that was just killed may look alive for a moment more.
  const isWhole = () => {
    const { workers } = project.server();
    return workers.length === 2 && !workers.includes(killed!) && workers.every(isAlive);
  };
  for (let i = 0; i < 200 && !isWhole(); i++) await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(isWhole(), 'another took its place');
  assert.equal(project.make('smoke').status, 0);
  assert.equal(project.make('stop').status, 0);
  assert.equal(project.make('audit').status, 0);
});

test('workers whose supervisor was killed end by themselves', async () => {
  project.set({ workers: '2' });
  assert.equal(project.make('start').status, 0);
  const pids = project.server().workers;
  process.kill(project.server().pid, 'SIGKILL');
  for (let i = 0; i < 50 && pids.some(isAlive); i++) await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(!pids.some(isAlive));
  assert.match(project.make('start').out, /2 workers on/, 'and the port is free again');
  assert.equal(project.make('stop').status, 0);
  project.set({ workers: '1' });
});

test('a process that has the number of a dead server is not taken for it', () => {
  const state = { pid: process.pid, started: '1', url: 'http://127.0.0.1:1', workers: [process.pid] };
  writeFileSync(project.path('.make/config/server.json'), JSON.stringify(state));
  assert.match(project.make('start').out, /v3 live on/);
  assert.equal(project.make('stop').status, 0);
});

test('of two starts at once one serves and one says so', async () => {
  const both = await Promise.all([project.launch('serve-start').done, project.launch('serve-start').done]);
  const urls = new Set(
    both.flatMap(({ out, err }) => /http:\/\/127\.0\.0\.1:\d+/.exec(out + err)?.[0] ?? []),
  );
  assert.equal(urls.size, 1, JSON.stringify(both));
  assert.equal(project.make('stop').status, 0);
  await assert.rejects(fetch([...urls][0]!), 'and none is left over');
});
