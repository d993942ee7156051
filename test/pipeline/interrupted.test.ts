/** make at its limits: side by side, interrupted, twice, in a folder of another name, as somebody who may not write here. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { copyFolder, plainEnvironment } from '../../bench/project-copy.ts';
import { isAlive } from '../serving.ts';
import { defaultConfig, livedProject, TRAINED, temporaryFolder, trainedProject } from '../support.ts';

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('after a retraining no row that the new champion has learnt is replayed, and the way back is kept', () => {
  const project = livedProject();
  const { status, out, err } = project.make('start', 'replay', 'stop');
  assert.equal(status, 0, err + out);
  assert.match(out, /left out/, 'rows that the champion has learnt');
  assert.equal(project.make('stage', 'STAGE=Archived').status, 0);
  assert.match(project.make('rollback').out, /v1 is champion again/);
});

test('Ctrl-C in make all ends what it started, and the rest goes on where it was', async () => {
  const project = trainedProject();
  const child = spawn('make', ['all'], { cwd: project.folder, env: plainEnvironment(), detached: true });
  const served = new Promise<void>((resolve) => {
    let out = '';
    child.stdout.on('data', (piece) => {
      out += piece;
      if (/^smoke/m.test(out)) resolve();
    });
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  await served;
  const { pid } = project.server();
  process.kill(-child.pid!, 'SIGINT');
  await ended;
  for (let i = 0; i < 100 && isAlive(pid); i++) await wait(100);
  assert.ok(!isAlive(pid), 'the server ended with the make that started it');
  project.make('doctor');
  const temporary = readdirSync(project.path('models')).filter((name) => /tmp|lock/.test(name));
  assert.deepEqual(temporary, []);
  const again = project.make('start', 'smoke', 'stop', 'audit');
  assert.equal(again.status, 0, again.err);
});

test('Ctrl-C in make start leaves no server', async () => {
  const project = trainedProject();
  project.make('smoke');
  const child = spawn('make', ['start'], { cwd: project.folder, env: plainEnvironment(), detached: true });
  const ended = new Promise((resolve) => child.once('close', resolve));
  await wait(200);
  try {
    process.kill(-child.pid!, 'SIGINT');
  } catch {}
  await ended;
  await wait(1500);
  // Whoever was too late for the interruption has a server, which stop ends; nobody has one that stop does not know.
  project.make('stop');
  const left = spawnSync('pgrep', ['-f', project.path('.make/programs/serve-api.mjs')], { encoding: 'utf8' });
  assert.equal(left.stdout ?? '', '');
});

test('a smoke test whose server is killed while it starts says so', () => {
  const project = trainedProject();
  writeFileSync(project.path('.make/programs/serve-api.mjs'), "process.kill(process.pid, 'SIGKILL')");
  const { status, err } = project.script('serve-smoke');
  assert.equal(status, 1);
  assert.match(err, /the server did not start/);
});

test('packages of another project are not emptied through a link', () => {
  const project = trainedProject();
  utimesSync(project.path('package-lock.json'), new Date(), new Date(Date.now() + 60_000));
  const { status, err } = project.make('train');
  assert.equal(status, 2);
  assert.match(err, /node_modules is a link to another project's packages/);
  assert.ok(readdirSync('node_modules').length > 20);
});

test('a folder with a space and an umlaut', () => {
  const folder = join(temporaryFolder(), 'ein Ördner mit Platz');
  copyFolder(TRAINED, folder);
  const run = spawnSync('make', ['start', 'smoke', 'stop', 'audit'], {
    cwd: folder,
    env: plainEnvironment(),
    encoding: 'utf8',
  });
  assert.equal(run.status, 0, run.stderr);
  assert.match(run.stdout, /smoke {6}3 of 3/);
});

test('code that nobody may write to, with the config elsewhere', (t) => {
  if (process.getuid?.() === 0 && spawnSync('setpriv', ['--version']).status !== 0)
    return t.skip('root may write anywhere, and there is no setpriv here');
  const other =
    process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];
  const packages = [...other, 'test', '-r', join(realpathSync('node_modules'), '.package-lock.json')];
  if (spawnSync(packages[0]!, packages.slice(1)).status !== 0)
    return t.skip('the packages here are for this user alone');
  const folder = temporaryFolder();
  const code = join(folder, 'code');
  copyFolder(TRAINED, code);
  for (const name of ['data', 'models', 'reports', 'manifest.txt', 'deployment_log.csv', '.make'])
    rmSync(join(code, name), { recursive: true, force: true });
  const own = join(folder, 'own');
  mkdirSync(own);
  writeFileSync(
    join(own, 'config.yaml'),
    defaultConfig.replace(/^( +n_estimators): .*$/m, '$1: 10').replace(/^( +port): .*$/m, '$1: 0'),
  );
  chmodSync(own, 0o777);
  chmodSync(folder, 0o755);
  for (const part of ['', 'lib', 'scripts', 'chapters', 'make'])
    if (existsSync(join(code, part))) chmodSync(join(code, part), 0o555);
  const make = ['make', 'train', 'smoke', `CONFIG=${join(own, 'config.yaml')}`];
  const [program, ...args] = [...other, ...make];
  const { status, stdout, stderr } = spawnSync(program!, args, {
    cwd: code,
    env: { ...plainEnvironment(), HOME: own },
    encoding: 'utf8',
  });
  chmodSync(code, 0o755);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /smoke {6}3 of 3/);
  assert.ok(!existsSync(join(code, '.make')) && existsSync(join(own, 'models/v1/model.json')));
});
