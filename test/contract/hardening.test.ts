/** The server on a real socket: both lanes say the same, and nobody can hold or break it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { listen, row, type Served, served } from './served.ts';

let api: Served;
let url: string;
before(async () => {
  api = await served({ deployment: { max_connections: 40 } });
  url = await listen(api.listener);
});
after(() => end(api));

function end({ listener: { server } }: Served): void {
  server.closeAllConnections();
  server.close();
}

/** Sends raw text and gives what came back when the connection ended. */
async function raw(text: string, at = url): Promise<{ answer: string; ms: number }> {
  const { hostname, port } = new URL(at);
  const socket = connect(Number(port), hostname);
  const start = performance.now();
  let answer = '';
  socket.on('data', (piece) => {
    answer += piece;
  });
  socket.on('error', () => {});
  socket.write(text);
  const timer = setTimeout(() => socket.destroy(), 3000);
  await once(socket, 'close');
  clearTimeout(timer);
  return { answer, ms: performance.now() - start };
}

const bodies: readonly (readonly [what: string, body: string])[] = [
  ['a row', JSON.stringify(row)],
  ['a list', JSON.stringify([row, row])],
  ['malformed JSON', '{"Type":'],
  ['an empty body', ''],
  ['NaN', '{"Type":"L","Torque [Nm]":NaN}'],
  ['1e999', JSON.stringify(row).replace('42.8', '1e999')],
  ['__proto__', `{"__proto__":{"Type":"L"},${JSON.stringify(row).slice(1)}`],
  ['deep nesting', `${'['.repeat(9000)}${']'.repeat(9000)}`],
  ['an empty list', '[]'],
  ['too many rows', JSON.stringify(new Array(101).fill({}))],
  ['unknown category', JSON.stringify({ ...row, Type: 'secret' })],
  ['an extra field', JSON.stringify({ ...row, '=cmd|x': '=cmd\n' })],
  ['too large', ' '.repeat(20_001)],
];

test('the fast lane answers like the long way, status, headers and body', async () => {
  const comparable = (text: string) => text.replace(/"id":"[0-9a-f]{28}"/g, '"id":"id"');
  for (const [what, body] of bodies) {
    const headers = { 'content-type': 'application/json', 'x-request-id': 'same' };
    const fast = await fetch(`${url}/predict`, { method: 'POST', headers, body });
    const slow = await api.app.request('/predict', { method: 'POST', headers, body });
    assert.equal(fast.status, slow.status, what);
    assert.equal(comparable(await fast.text()), comparable(await slow.text()), what);
    for (const [name, value] of slow.headers) assert.equal(fast.headers.get(name), value, `${what}: ${name}`);
  }
});

test('strings that reach the log are JSON in it, and never what was refused', () => {
  const text = JSON.stringify(api.recorded);
  assert.doesNotMatch(text, /secret/);
  assert.ok(api.recorded.every((line) => !JSON.stringify(line).includes('\n')));
});

test('a body of 100 MB is refused with and without its length, and not read', async () => {
  const declared = await raw(
    'POST /predict HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 104857600\r\n\r\n{',
  );
  assert.match(declared.answer, /^HTTP\/1\.1 413 /);
  const before = process.memoryUsage.rss();
  const sent = await new Promise<{ status: number; bytes: number }>((resolve) => {
    const request = httpRequest(`${url}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
    const piece = Buffer.alloc(65_536, 32);
    let bytes = 0;
    const more = () => {
      while (bytes < 100 * 1024 * 1024 && !request.destroyed) {
        bytes += piece.length;
        if (!request.write(piece)) return request.once('drain', more);
      }
      return request.end();
    };
    request.on('response', (response) => {
      response.resume();
      resolve({ status: response.statusCode!, bytes });
      request.destroy();
    });
    request.on('error', () => {});
    more();
  });
  assert.equal(sent.status, 413);
  assert.ok(sent.bytes < 50 * 1024 * 1024, `${sent.bytes} bytes were taken`);
  assert.ok(process.memoryUsage.rss() - before < 60 * 1024 * 1024);
});

test('who sends headers or a body slowly is cut off, in either lane', async () => {
  // A server of its own, since a busy machine is slow to send as well.
  const hasty = await served({
    deployment: { headers_timeout_ms: 400, request_timeout_ms: 700, idle_timeout_ms: 500 },
  });
  const at = await listen(hasty.listener);
  const slowHeaders = await raw('POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-ty', at);
  assert.ok(slowHeaders.ms < 2500, `${slowHeaders.ms} ms`);
  assert.match(slowHeaders.answer, /^HTTP\/1\.1 408 |^$/);
  for (const head of ['content-length: 500', 'transfer-encoding: chunked']) {
    const half = await raw(
      `POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n${head}\r\n\r\n{"Type"`,
      at,
    );
    assert.ok(half.ms < 2900, `${head}: ${half.ms} ms`);
    assert.doesNotMatch(half.answer, /HTTP\/1\.1 200/);
  }
  assert.equal((await fetch(`${at}/health`)).status, 200, 'and others are answered');
  end(hasty);
});

test('methods and lines that are no HTTP are refused', async () => {
  for (const [text, status] of [
    ['TRACE /predict HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n', /^HTTP\/1\.1 (4\d\d|501) /],
    ['CONNECT evil:80 HTTP/1.1\r\nhost: localhost\r\n\r\n', /^$|^HTTP\/1\.1 4/],
    ['nonsense\r\n\r\n', /^HTTP\/1\.1 400 /],
    [`GET /${'x'.repeat(20_000)} HTTP/1.1\r\nhost: localhost\r\n\r\n`, /^HTTP\/1\.1 431 /],
    [
      'POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}',
      /^HTTP\/1\.1 400 /,
    ],
    [
      'GET /docs/../../package.json HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n',
      /^HTTP\/1\.1 404 /,
    ],
    [
      'GET /docs/..%2f..%2fpackage.json HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n',
      /^HTTP\/1\.1 404 /,
    ],
    [
      'GET /reports/\\..\\config.yaml HTTP/1.1\r\nhost: a/b\r\nconnection: close\r\n\r\n',
      /^HTTP\/1\.1 400 [\s\S]*\{"error":"the address is none/,
    ],
  ] as const)
    assert.match((await raw(text)).answer, status, text.slice(0, 40));
});

test('no more connections than the config allows', async () => {
  const { hostname, port } = new URL(url);
  let refused = 0;
  const sockets = Array.from({ length: 60 }, () => {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    socket.on('close', () => refused++);
    return socket;
  });
  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  for (let i = 0; i < 100 && refused < 15; i++) await wait(50);
  assert.ok(refused >= 15, `${refused} were refused`);
  for (const socket of sockets) socket.destroy();
  let status = 0;
  for (let i = 0; i < 100 && status !== 200; i++) {
    await wait(50);
    status = (await fetch(`${url}/health`).catch(() => undefined))?.status ?? 0;
  }
  assert.equal(status, 200);
});

test('what cannot be put on record is a 503 in the fast lane too, and its reason is not told', async () => {
  api.state.full = true;
  const response = await fetch(`${url}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(row),
  });
  api.state.full = false;
  assert.equal(response.status, 503);
  assert.deepEqual(await response.json(), {
    error: 'this could not be put on record, so it is not answered',
  });
});

test('draining answers everything that was begun on connections that stay open', async () => {
  const own = await served();
  const at = await listen(own.listener);
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  let draining = false;
  let failures = 0;
  let answered = 0;
  const post = () =>
    new Promise<'answered' | 'refused' | 'failed'>((resolve) => {
      const headers = { 'content-type': 'application/json' };
      const sent = httpRequest(`${at}/predict`, { method: 'POST', agent, headers }, (response) => {
        response.resume();
        response.on('end', () => resolve('answered'));
        response.on('error', () => resolve('failed'));
      });
      // A server that no longer listens refuses a new connection; what was sent on an open one is answered.
      sent.on('error', () => resolve(sent.reusedSocket ? 'failed' : 'refused'));
      sent.end(JSON.stringify(row));
    });
  const client = async () => {
    for (;;) {
      const late = draining;
      const outcome = await post();
      if (outcome === 'answered') answered++;
      else if (outcome === 'failed' && !late) failures++;
      if (outcome === 'refused' || (late && outcome === 'failed')) return;
    }
  };
  const clients = Promise.all(Array.from({ length: 8 }, client));
  while (answered < 100) await new Promise((resolve) => setTimeout(resolve, 20));
  draining = true;
  await own.listener.drain(5000);
  await clients;
  assert.equal(failures, 0);
  assert.equal(own.recorded.length, answered);
});
