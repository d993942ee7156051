/** Where raw rows come from: the download and its checks, and every algorithm on what came. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { strToU8, zipSync } from 'fflate';
import { AI4I_HEADER, simulateAi4i } from '../../lib/data/simulate-ai4i.ts';
import { sha256 } from '../../lib/files/hash.ts';
import { defaultConfig, temporaryProject } from '../support.ts';

const project = temporaryProject();
const csv = `\ufeff${[[...AI4I_HEADER], ...simulateAi4i(8000, 3)].map((cells) => cells.join(',')).join('\r\n')}\r\n`;
const url = /url: (\S+)/.exec(defaultConfig)![1]!;
const pinned = /sha256: ([0-9a-f]{64})/.exec(defaultConfig)![1]!;
let server: Server;
let address = '';

before(async () => {
  const archive = zipSync({ 'ai4i2020.csv': strToU8(csv) });
  const bomb = Buffer.from(archive);
  // Its directory says that the file unpacks to a gigabyte.
  bomb.writeUInt32LE(1 << 30, bomb.indexOf(Buffer.from('PK\x01\x02', 'latin1')) + 24);
  server = createServer((request, response) => {
    if (request.url === '/archive.zip') response.end(archive);
    else if (request.url === '/bomb.zip') response.end(bomb);
    else if (request.url === '/page.zip') response.end('<html>not a zip</html>');
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  project.configure(['source: simulated', 'source: uci']);
});
after(() => server.close());

async function ingest(from: string, to: string) {
  project.configure([from, to]);
  const ran = await project.launch('data-ingest').done;
  project.configure([to, from]);
  return ran;
}

test('a download that is not what was declared is refused, and nothing takes its place', async () => {
  const cases = [
    [`${address}/archive.zip`, /has sha256 [0-9a-f]{64}, not the [0-9a-f]{64} of data\.uci\.sha256: refused/],
    [`${address}/bomb.zip`, /unpacks to more than half a gigabyte: refused/],
    [`${address}/page.zip`, /did not give a zip archive/],
    [`${address}/nothing.zip`, /cannot download .*: HTTP 404/],
    [
      'http://127.0.0.1:9/archive.zip',
      /cannot download http:\/\/127\.0\.0\.1:9.*data\.source "simulated" needs no network/,
    ],
  ] as const;
  for (const [to, complaint] of cases) {
    const { status, err } = await ingest(url, to);
    assert.equal(status, 1, to);
    assert.match(err, complaint);
    assert.ok(!existsSync(project.path('data/raw/ai4i2020.csv')), 'never another source instead');
  }
});

test('the archive with the declared content becomes the raw file, byte for byte', async () => {
  project.configure([pinned, sha256(csv)]);
  const { status, out, err } = await ingest(url, `${address}/archive.zip`);
  assert.equal(status, 0, err);
  assert.match(out, /8,000 rows, UCI, sha256 as declared/);
  assert.equal(sha256(project.read('data/raw/ai4i2020.csv')), sha256(csv));
  assert.match(project.read('manifest.txt'), /source=uci/);
});

test('every algorithm trains, is registered, and serves what it was evaluated as', () => {
  project.configure(['source: uci', 'source: file']);
  project.set({ max_iter: 100 });
  let before = 'algorithm: RandomForest';
  for (const algorithm of ['LogisticRegression', 'GradientBoosting']) {
    project.configure([before, `algorithm: ${algorithm}`]);
    before = `algorithm: ${algorithm}`;
    const { status, out, err } = project.make('train');
    assert.equal(status, 0, err);
    assert.match(out, new RegExp(`${algorithm}.*PR-AUC`));
    const metrics = JSON.parse(project.read('models/latest.json')) as { version: string };
    const { metrics: measured } = JSON.parse(project.read('models', metrics.version, 'metrics.json')) as {
      metrics: { roc_auc: { value: number } };
    };
    assert.ok(
      measured.roc_auc.value > (algorithm === 'GradientBoosting' ? 0.95 : 0.85),
      `${algorithm} ${measured.roc_auc.value}`,
    );
  }
  assert.equal(
    project.make('smoke').out.trimEnd().split('\n').at(-1),
    'smoke      3 of 3, by a server of its own: none runs',
  );
});
