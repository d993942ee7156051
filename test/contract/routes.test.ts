/** Every route of the core, what each promises in its own document, and that nothing else is there. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { document, errorsAreNamed, posted, routesKeepTheirWord, TOKEN, validator } from './contract.ts';
import { EXAMPLE_ID, poster, row, SENDER_KEY, type Served, served } from './served.ts';

let api: Served;
before(async () => {
  api = await served({ adminToken: TOKEN });
});

routesKeepTheirWord('the core', () => served({ adminToken: TOKEN }));

errorsAreNamed('the core', () => served({ adminToken: TOKEN }), [
  ['predict', '/predict', posted('{'), 400],
  ['predict', '/predict', posted('{}', 'text/plain'), 415],
  ['predict', '/predict', posted(' '.repeat(20_001)), 413],
  ['feedback', '/feedback', posted('{}'), 400],
  ['admin_routes', '/admin/routes', posted('{}'), 401],
  ['admin_reload', '/admin/reload', { method: 'POST', headers: { authorization: 'Bearer wrong' } }, 401],
  ['docs_file', '/docs/index.html', {}, 404],
  ['docs_file', '/docs/%2e%2e%2fpackage.json', {}, 404],
  ['docs_file', '/docs/__proto__', {}, 404],
  ...['secret.key', 'link.txt', '..%2fconfig.yaml', '%2e%2e', '.hidden', 'gone.html', 'runs'].map(
    (file): [string, string, object, number] => ['report', `/reports/${file}`, {}, 404],
  ),
  ['report_within', '/reports/out/hostname', {}, 404],
  ['report_within', '/reports/out/hosts.txt', {}, 404],
  ['report_within', '/reports/%2e%2e/config.yaml', {}, 404],
  ['health', '/health', { headers: { host: 'evil.example' } }, 421],
]);

test('the reports are found without the slash at their end', async () => {
  const answer = await api.app.request('/reports');
  assert.equal(answer.status, 302);
  assert.equal(new URL(answer.headers.get('location')!, 'http://api/reports').pathname, '/reports/');
});

test('who mistypes a page in a browser gets one that leads back, and a program the error', async () => {
  for (const path of ['/reports/gone.html', '/reports/runs', '/reports/runs/', '/reprots']) {
    const page = await api.app.request(path, { headers: { accept: 'text/html,*/*' } });
    assert.equal(page.status, 404, path);
    const [, link] = /href="([^"]+)"/.exec(await page.text())!;
    assert.equal(new URL(link!, `http://api${path}`).pathname, '/reports/', path);
    assert.match(page.headers.get('content-security-policy')!, /default-src 'none'/);
    const plain = await api.app.request(path);
    assert.match(
      ((await plain.json()) as { error: string }).error,
      /^(there is no such page|no such route)/,
      path,
    );
  }
});

test('the API takes a row exactly when its JSON Schema does', async () => {
  const doc = await document(api.app);
  const fits = validator(doc)({ $ref: '#/components/schemas/Row' });
  const { parse } = api.models[0]!;
  const value = fc.oneof(
    fc.constantFrom<unknown>(
      'L',
      'M',
      'X',
      '',
      null,
      0,
      1,
      50,
      298.1,
      308.6,
      1551,
      -1,
      1e308,
      true,
      [],
      {},
      '1',
    ),
    fc.double(),
    fc.string(),
  );
  const name = fc.oneof(
    fc.constantFrom(...Object.keys(row), 'UDI', 'Product ID', '__proto__', 'constructor'),
    fc.string(),
  );
  let taken = 0;
  fc.assert(
    fc.property(fc.dictionary(name, value, { maxKeys: 4 }), fc.boolean(), (changes, whole) => {
      const made = { ...(whole ? row : {}), ...changes };
      // What arrives has been JSON: neither undefined nor NaN nor Infinity is in it.
      const candidate = JSON.parse(JSON.stringify(made)) as object;
      const isTaken = 'rows' in parse([candidate]);
      taken += isTaken ? 1 : 0;
      assert.equal(isTaken, fits(candidate), JSON.stringify(candidate));
    }),
    { numRuns: 3000 },
  );
  assert.ok(taken > 100, `${taken} were taken`);
});

test('the wrong method is answered with the right ones, an unknown route with 404', async () => {
  const response = await api.app.request('/predict', { method: 'PUT' });
  assert.equal(response.status, 405);
  assert.equal(response.headers.get('allow'), 'POST');
  for (const path of [
    '/admin',
    '/predict/',
    '/metrics/x',
    '/.git/config',
    '/v2/models',
    '/%2e%2e/etc/passwd',
  ])
    assert.equal((await api.app.request(path)).status, 404, path);
});

test('admin routes are off without a token and closed without the right one', async () => {
  const closed = await served();
  for (const { method, path, admin } of api.routes) {
    if (!admin) continue;
    assert.equal((await closed.app.request(path, { method })).status, 404, 'as if it were not there');
    assert.ok(!(path in (await document(closed.app)).paths));
    for (const authorization of ['', TOKEN, `Bearer ${TOKEN.slice(1)}`, `bearer ${TOKEN}x`]) {
      const response = await api.app.request(path, { method, headers: { authorization } });
      assert.equal(response.status, 401, authorization);
      assert.equal(response.headers.get('www-authenticate'), 'Bearer');
    }
  }
  const before = api.state.reloads;
  await api.app.request('/admin/reload', { method: 'POST', headers: { authorization: `Bearer ${TOKEN}` } });
  assert.equal(api.state.reloads, before + 1);
});

test('admin routes share the traffic, or say what is wrong', async () => {
  const send = (body: unknown) =>
    poster(api.app)('/admin/routes', body, {
      'content-type': 'application/json',
      authorization: `Bearer ${TOKEN}`,
    });
  assert.equal((await send({ split: { v2: 10 }, reason: 'try it' })).status, 200);
  assert.deepEqual(api.routed.at(-1), { traffic: { split: { v2: 10 }, shadow: [] }, reason: 'try it' });
  for (const wrong of [
    { split: { v2: 101 }, reason: 'x' },
    { split: { '../x': 10 }, reason: 'x' },
    { split: { v2: 10 } },
    { shadow: ['v9'], reason: 'x' },
  ])
    assert.equal((await send(wrong)).status, 400, JSON.stringify(wrong));
});

test('origins that the config names may call from a browser, others not', async () => {
  const open = await served({ deployment: { cors: ['https://shop.example'] } });
  const ask = async (origin: string) => {
    const response = await poster(open.app)('/predict', row, { 'content-type': 'application/json', origin });
    return response.headers.get('access-control-allow-origin');
  };
  assert.equal(await ask('https://shop.example'), 'https://shop.example');
  assert.equal(await ask('https://evil.example'), null);
  const preflight = await open.app.request('/predict', {
    method: 'OPTIONS',
    headers: { origin: 'https://shop.example', 'access-control-request-method': 'POST' },
  });
  assert.equal(preflight.headers.get('access-control-allow-origin'), 'https://shop.example');
  assert.equal((await api.app.request('/predict', { method: 'OPTIONS' })).status, 405, 'off by default');
});

test('pages of other origins may put nothing on record, and with * every origin may', async () => {
  const evil = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
  const before = api.recorded.length;
  assert.equal((await poster(api.app)('/predict', row, evil)).status, 403);
  assert.equal(api.recorded.length, before);
  const open = await served({ deployment: { cors: ['*'] } });
  const response = await poster(open.app)('/predict', row, { ...evil, 'content-type': 'application/json' });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('access-control-allow-origin'), '*');
});

test('counters in the format of Prometheus', async () => {
  for (const body of [row, {}]) await poster(api.app)('/predict', body);
  const text = await (await api.app.request('/metrics')).text();
  assert.match(text, /^clockwork_requests_total\{route="\/predict",status="400"\} \d+$/m);
  assert.match(text, /^# TYPE clockwork_request_duration_seconds histogram$/m);
  assert.match(text, /^clockwork_predictions_total\{version="v1",class="0"\} \d+$/m);
});

test('only names that are ours are answered, so that no page of another name reads or writes', async () => {
  const ask = async (host: string, deployment = {}) => {
    const { app } = Object.keys(deployment).length === 0 ? api : await served({ deployment });
    const origin = `http://${host}`;
    const authorization = `Bearer ${SENDER_KEY}`;
    const headers = { host, origin, authorization, 'content-type': 'application/json' };
    return [
      (await app.request('/model_info', { headers: { host } })).status,
      (await poster(app)('/feedback', { id: EXAMPLE_ID, label: '1' }, headers)).status,
    ];
  };
  for (const host of ['localhost', 'localhost:5000', '127.0.0.1:5000', '[::1]:5000', '192.168.1.7'])
    assert.deepEqual(await ask(host), [200, 200], host);
  for (const host of [
    'rebound.example',
    'rebound.example:5000',
    'localhost.evil.example',
    '127.0.0.1.nip.io',
    '',
  ])
    assert.deepEqual(await ask(host), [421, 421], host);
  assert.deepEqual(await ask('api.example.org', { hosts: ['api.example.org'] }), [200, 200]);
});

test('the origin counts where a browser sends no Sec-Fetch-Site', async () => {
  const ask = async (origin: string) =>
    (
      await poster(api.app)('/predict', row, {
        'content-type': 'application/json',
        host: 'localhost:5000',
        origin,
      })
    ).status;
  assert.equal(await ask('http://localhost:5000'), 200, 'our own page');
  for (const origin of ['http://evil.example', 'http://localhost:8080', 'null'])
    assert.equal(await ask(origin), 403, origin);
});
