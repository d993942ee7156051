/** Every route there is, what each promises in its own document, and that nothing else is there. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { ROUTES } from '../../lib/serve/routes.ts';
import { poster, row, type Served, served } from './served.ts';

const TOKEN = 'a long enough token';
let api: Served;
before(async () => {
  api = await served({ adminToken: TOKEN });
});

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { name: string; in: string; example?: string }[];
  readonly requestBody?: { content: Record<string, { schema: object; example?: unknown }> };
  readonly responses: Record<string, { content?: Record<string, { schema: object }> }>;
  readonly security?: readonly object[];
}

interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { schemas: Record<string, object> };
}

async function document(app = api.app): Promise<Document> {
  return (await (await app.request('/openapi.json')).json()) as Document;
}

function validator({ components }: Document) {
  const ajv = new Ajv2020({ strict: false, formats: { 'date-time': true } });
  ajv.addSchema({ $id: 'doc', components });
  return (schema: object) =>
    ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"doc#/components')) as object);
}

const asText = (body: unknown) => (typeof body === 'string' ? body : JSON.stringify(body));
const formOf = (example: unknown) => new URLSearchParams(example as Record<string, string>).toString();

test('the app answers the routes of the table and no other', () => {
  const inApp = new Set(
    api.app.routes
      .filter(({ method, path }) => method !== 'ALL' && path !== '/*')
      .map((r) => `${r.method} ${r.path}`),
  );
  assert.deepEqual([...inApp].sort(), [...new Set(ROUTES.map((r) => `${r.method} ${r.path}`))].sort());
});

test('the document describes every route, and only routes that are there', async () => {
  const { paths, openapi } = await document();
  assert.match(openapi, /^3\.1\./);
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, { operationId }]) => `${operationId} ${method.toUpperCase()} ${path}`,
    ),
  );
  assert.deepEqual(
    described.sort(),
    ROUTES.map(({ id, method, path }) => `${id} ${method} ${path.replace(/:(\w+)/g, '{$1}')}`).sort(),
  );
});

test('each operation does with its own example what its document says', async () => {
  const doc = await document();
  const compile = validator(doc);
  for (const [template, methods] of Object.entries(doc.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const path = template.replace(/\{(\w+)\}/g, (_, name: string) =>
        encodeURIComponent(operation.parameters!.find((p) => p.name === name)!.example!),
      );
      const bodies = Object.entries(
        operation.requestBody?.content ?? { '': { schema: {}, example: undefined } },
      );
      for (const [type, { schema, example }] of bodies) {
        const isForm = type === 'application/x-www-form-urlencoded';
        if (type === 'application/json')
          assert.ok(compile(schema)(example), `${path}: its example fits its schema`);
        const response = await api.app.request(path, {
          method: method.toUpperCase(),
          headers: {
            ...(type === '' ? {} : { 'content-type': type }),
            ...(operation.security === undefined ? {} : { authorization: `Bearer ${TOKEN}` }),
          },
          ...(type === '' ? {} : { body: isForm ? formOf(example) : asText(example) }),
        });
        const said = operation.responses[String(response.status)];
        const text = await response.text();
        assert.equal(response.status, 200, `${method} ${path} ${type}: ${text}`);
        const given = response.headers.get('content-type')!.split(';')[0]!;
        const promised = said?.content?.[given];
        assert.ok(
          promised !== undefined,
          `${path} answers ${given}, promised ${Object.keys(said?.content ?? {})}`,
        );
        if (given === 'application/json') {
          const check = compile(promised.schema);
          assert.ok(check(JSON.parse(text)), `${path}: ${JSON.stringify(check.errors)}`);
        }
      }
    }
  }
});

test('errors are those that the document names, in the form that it gives them', async () => {
  const doc = await document();
  const compile = validator(doc);
  const isError = compile({ $ref: '#/components/schemas/Error' });
  const requests: [id: string, path: string, init: RequestInit, status: number][] = [
    [
      'predict',
      '/predict',
      { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' },
      400,
    ],
    ['predict', '/predict', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{}' }, 415],
    [
      'predict',
      '/predict',
      { method: 'POST', headers: { 'content-type': 'application/json' }, body: ' '.repeat(20_001) },
      413,
    ],
    [
      'predict_batch',
      '/predict_batch',
      { method: 'POST', headers: { 'content-type': 'text/csv' }, body: 'a,b\n1,2\n' },
      400,
    ],
    [
      'predict_batch',
      '/predict_batch',
      { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' },
      415,
    ],
    [
      'feedback',
      '/feedback',
      { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' },
      400,
    ],
    [
      'admin_routes',
      '/admin/routes',
      { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' },
      401,
    ],
    ['admin_reload', '/admin/reload', { method: 'POST', headers: { authorization: 'Bearer wrong' } }, 401],
    ['docs_file', '/docs/index.html', {}, 404],
    ['docs_file', '/docs/%2e%2e%2fpackage.json', {}, 404],
    ['docs_file', '/docs/__proto__', {}, 404],
    ['v2_model', '/v2/models/other', {}, 404],
    [
      'v2_infer',
      '/v2/models/..%2f..%2fetc/infer',
      { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' },
      404,
    ],
    [
      'v2_infer',
      '/v2/models/clockwork-ai4i/infer',
      { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"inputs":[]}' },
      400,
    ],
    [
      'status_form',
      '/',
      {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'cross-site' },
        body: 'Type=L',
      },
      403,
    ],
  ];
  const operations = Object.values(doc.paths).flatMap((methods) => Object.values(methods));
  for (const [id, path, init, status] of requests) {
    const response = await api.app.request(path, init);
    assert.equal(response.status, status, `${path} ${JSON.stringify(init)}`);
    assert.ok(
      String(status) in operations.find(({ operationId }) => operationId === id)!.responses,
      `${id} ${status}`,
    );
    assert.ok(isError(await response.json()), path);
  }
});

test('the API takes a row exactly when its JSON Schema does', async () => {
  const doc = await document();
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

test('every answer carries the security headers and the id of its request', async () => {
  for (const { method, path } of ROUTES) {
    for (const wanted of [method, method === 'GET' ? 'POST' : 'DELETE', 'PATCH']) {
      const url = path.replace(/:\w+/, 'x');
      const response = await api.app.request(url, { method: wanted, headers: { 'x-request-id': 'call-7' } });
      assert.equal(response.headers.get('x-content-type-options'), 'nosniff', `${wanted} ${url}`);
      assert.match(response.headers.get('content-security-policy') ?? '', /default-src 'none'/);
      assert.equal(response.headers.get('x-request-id'), 'call-7');
      assert.notEqual(response.status, 500, `${wanted} ${url}`);
    }
  }
  const strange = await api.app.request('/health', { headers: { 'x-request-id': '<script>' } });
  assert.equal(strange.headers.get('x-request-id'), null, 'what is not well-formed is not repeated');
});

test('the wrong method is answered with the right ones, an unknown route with 404', async () => {
  const response = await api.app.request('/predict_batch', { method: 'PUT' });
  assert.equal(response.status, 405);
  assert.equal(response.headers.get('allow'), 'POST');
  assert.equal((await api.app.request('/', { method: 'DELETE' })).headers.get('allow'), 'GET, POST');
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
  for (const { method, path, ...rest } of ROUTES) {
    if (!('admin' in rest)) continue;
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
  for (const [path, type] of [
    ['/v2/models/clockwork-ai4i/infer', 'text/plain'],
    ['/predict_batch', 'text/csv'],
    ['/', 'application/x-www-form-urlencoded'],
    ['/predict', 'application/json'],
  ] as const)
    assert.equal((await poster(api.app)(path, row, { ...evil, 'content-type': type })).status, 403, path);
  assert.equal(api.recorded.length, before);
  const open = await served({ deployment: { cors: ['*'] } });
  const response = await poster(open.app)('/predict', row, { ...evil, 'content-type': 'application/json' });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('access-control-allow-origin'), '*');
});

test('counters in the format of Prometheus', async () => {
  const text = await (await api.app.request('/metrics')).text();
  assert.match(text, /^clockwork_requests_total\{route="\/predict",status="400"\} \d+$/m);
  assert.match(text, /^# TYPE clockwork_request_duration_seconds histogram$/m);
  assert.match(text, /^clockwork_predictions_total\{version="v1",class="0"\} \d+$/m);
});
