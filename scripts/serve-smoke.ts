/** Three requests against the live API: is it up, does it answer as promised, is it the model that was evaluated? */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chapters } from '../lib/door.ts';
import { FAILED, failed } from '../lib/fault.ts';
import { sha256File } from '../lib/files/hash.ts';
import { programPath } from '../lib/files/program.ts';
import { keptSecret } from '../lib/files/secret.ts';
import type { Project } from '../lib/project.ts';
import type { Prediction } from '../lib/record/events.ts';
import { readMetadata, versionPath } from '../lib/registry/versions.ts';
import { runningServer, serverKeyPath, sleep } from '../lib/serve/client.ts';
import { SMOKE_HEADER } from '../lib/serve/http.ts';
import { step } from '../lib/step.ts';
import { say } from '../lib/terminal.ts';
import type { Signature } from '../lib/train/signature.ts';

step({ chapters }, async (project) => {
  const running = runningServer(project)?.url;
  const passed =
    running === undefined
      ? await withThrowaway((server) => smoke(project, server))
      : await smoke(project, { url: running, key: keptSecret(serverKeyPath(project)) });
  say(
    'smoke',
    `${passed} of ${CHECKS.length}${running === undefined ? ', by a server of its own: none runs' : ''}`,
  );
  if (passed < CHECKS.length) process.exitCode = FAILED;
});

/** Asks a server that nobody else sees, and leaves nothing of it. */
async function withThrowaway<T>(work: (server: Asked) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'clockwork-smoke-'));
  const server = spawn(process.execPath, [programPath('serve-api')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, THROWAWAY: folder, OWNER: String(process.pid) },
  });
  const hasEnded = () => server.exitCode !== null || server.signalCode !== null;
  try {
    const state = join(folder, 'server.json');
    while (!existsSync(state) && !hasEnded()) await sleep(10);
    if (hasEnded()) throw failed('the server did not start');
    const { url } = JSON.parse(readFileSync(state, 'utf8')) as { url: string };
    return await work({ url, key: keptSecret(join(folder, 'server.key')) });
  } finally {
    // It has nothing to end in good order.
    server.kill('SIGKILL');
    if (!hasEnded()) await once(server, 'exit');
    rmSync(folder, { recursive: true, force: true });
  }
}

/** How many of the checks pass; says what is wrong with the others. */
async function smoke(project: Project, server: Asked): Promise<number> {
  let passed = 0;
  for (const [what, check] of CHECKS) {
    try {
      await check(project, server);
      passed++;
    } catch (error) {
      console.error(`${what}: ${(error as Error).message}`);
    }
  }
  return passed;
}

/** The server that is asked, and the key of its start. */
interface Asked {
  readonly url: string;
  readonly key: string;
}

type Check = readonly [what: string, check: (project: Project, server: Asked) => Promise<void>];

const CHECKS: readonly Check[] = [
  [
    'GET /health: up, and serving the bytes that were registered and evaluated',
    async (project, { url }) => {
      const response = await fetch(`${url}/health`);
      assert.equal(response.status, 200);
      const { status, model, sha256 } = (await response.json()) as Record<string, string>;
      assert.equal(status, 'ok');
      const registered = readMetadata(project, model!).files['model.json'];
      assert.equal(sha256, registered, 'the served model is not the registered one');
      const file = sha256File(versionPath(project, model!, 'model.json'));
      assert.equal(sha256, file, 'the model file was changed after it was registered');
    },
  ],
  [
    'POST /predict: one row in, one prediction out, in the promised format',
    async (project, { url, key }) => {
      const { signature } = (await (await fetch(`${url}/model_info`)).json()) as { signature: Signature };
      const response = await post(`${url}/predict`, signature.example, key);
      assert.equal(response.status, 200);
      assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
      const prediction = (await response.json()) as Prediction;
      const several = signature.output.outputs.length > 1 ? ['probabilities'] : [];
      assert.deepEqual(
        Object.keys(prediction).sort(),
        ['class', 'id', 'model', 'probability', 'sha256', ...several].sort(),
      );
      const { probability, class: given, model, sha256 } = prediction;
      assert.ok(probability >= 0 && probability <= 1, 'the probability is outside 0 to 1');
      assert.ok(signature.output.classes.includes(given), 'the class is none of the signature');
      assert.equal(sha256, readMetadata(project, model).files['model.json']);
    },
  ],
  [
    'POST /predict: a wrong row is refused with the name of each wrong field',
    async (_, { url, key }) => {
      const response = await post(`${url}/predict`, {}, key);
      assert.equal(response.status, 400);
      const { error, fields } = (await response.json()) as { error: string; fields: { problem: string }[] };
      assert.equal(error, 'invalid input');
      assert.ok(fields.length > 0 && fields.every(({ problem }) => problem === 'is missing'));
    },
  ],
];

function post(url: string, body: unknown, key: string): Promise<Response> {
  const headers = { 'content-type': 'application/json', [SMOKE_HEADER]: key };
  return fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
}
