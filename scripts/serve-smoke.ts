/** Three requests against the live API: is it up, does it answer as promised, is it the model that was evaluated? */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { loadProject } from '../lib/config/load.ts';
import { sha256File } from '../lib/files/hash.ts';
import type { Signature } from '../lib/registry/signature.ts';
import { readMetadata, versionPath } from '../lib/registry/versions.ts';
import { runningServer, SERVER_PROGRAM, sleep } from '../lib/serve/client.ts';

interface Prediction {
  readonly id: string;
  readonly model: string;
  readonly sha256: string;
  readonly probability: number;
  readonly class: string;
}

const project = loadProject();
let url = runningServer(project)?.url ?? '';
let throwaway: { server: ChildProcess; folder: string } | undefined;

before(async () => {
  if (url !== '') return;
  const folder = mkdtempSync(join(tmpdir(), 'clockwork-smoke-'));
  const server = spawn(process.execPath, [SERVER_PROGRAM, '--throwaway', folder], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  throwaway = { server, folder };
  const state = join(folder, 'server.json');
  while (!existsSync(state) && server.exitCode === null) await sleep(25);
  if (server.exitCode !== null) process.exit(1);
  url = (JSON.parse(readFileSync(state, 'utf8')) as { url: string }).url;
});

after(() => {
  if (throwaway === undefined) return;
  throwaway.server.kill('SIGTERM');
  rmSync(throwaway.folder, { recursive: true, force: true });
});

test('GET /health: up, and serving the bytes that were registered and evaluated', async () => {
  const response = await fetch(`${url}/health`);
  assert.equal(response.status, 200);
  const { status, model, sha256 } = (await response.json()) as {
    status: string;
    model: string;
    sha256: string;
  };
  assert.equal(status, 'ok');
  assert.equal(
    sha256,
    readMetadata(project, model).files['model.json'],
    'the served model is not the registered one',
  );
  assert.equal(
    sha256,
    sha256File(versionPath(project, model, 'model.json')),
    'the model file was changed after it was registered',
  );
});

test('POST /predict: one row in, one prediction out, in the promised format', async () => {
  const { signature } = (await (await fetch(`${url}/model_info`)).json()) as { signature: Signature };
  const response = await post('/predict', signature.example);
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
  const prediction = (await response.json()) as Prediction;
  const several = signature.output.outputs.length > 1 ? ['probabilities'] : [];
  assert.deepEqual(
    Object.keys(prediction).sort(),
    ['class', 'id', 'model', 'probability', 'sha256', ...several].sort(),
  );
  assert.ok(prediction.probability >= 0 && prediction.probability <= 1, 'the probability is outside 0 to 1');
  assert.ok(signature.output.classes.includes(prediction.class), 'the class is none of the signature');
  assert.equal(prediction.sha256, readMetadata(project, prediction.model).files['model.json']);
});

test('POST /predict: a wrong row is refused with the name of each wrong field', async () => {
  const response = await post('/predict', {});
  assert.equal(response.status, 400);
  const { error, fields } = (await response.json()) as {
    error: string;
    fields: { field: string; problem: string }[];
  };
  assert.equal(error, 'invalid input');
  assert.ok(fields.length > 0 && fields.every(({ problem }) => problem === 'is missing'));
});

function post(path: string, body: unknown): Promise<Response> {
  const headers = { 'content-type': 'application/json', 'x-request-id': 'smoke' };
  return fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
}
