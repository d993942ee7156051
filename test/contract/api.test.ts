/** The API as it is promised, without a socket: createApp is driven by app.request(). */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { poster, row, SENDER_KEY, type Served, SMOKE_KEY, served } from './served.ts';

let api: Served;
let recorded: Served['recorded'];
let app: Served['app'];
let post: ReturnType<typeof poster>;

before(async () => {
  api = await served();
  ({ app, recorded } = api);
  post = poster(app);
});

async function refusal(
  body: unknown,
): Promise<{ status: number; fields: { row: number; field: string; problem: string }[]; text: string }> {
  const response = await post('/predict', body);
  const text = await response.text();
  return { status: response.status, fields: (JSON.parse(text) as { fields?: [] }).fields ?? [], text };
}

test('one row in, one prediction out, on record with its id before it is given', async () => {
  const before = recorded.length;
  const response = await post('/predict', row);
  assert.equal(response.status, 200);
  const prediction = (await response.json()) as Record<string, unknown>;
  assert.deepEqual(Object.keys(prediction).sort(), ['class', 'id', 'model', 'probability', 'sha256']);
  assert.equal(prediction.model, 'v1');
  const line = recorded[before]!;
  assert.equal(line.id, prediction.id);
  assert.equal(line.probability, prediction.probability);
  assert.deepEqual(line.input, row);
  assert.equal(typeof line.latency_ms, 'number');
});

test('a list in, a list out, each row as if it came alone', async () => {
  const rows = Array.from({ length: 30 }, (_, i) => ({ ...row, 'Torque [Nm]': 20 + i * 2 }));
  const many = (await (await post('/predict', rows)).json()) as { probability: number }[];
  for (const [i, one] of rows.entries()) {
    const alone = (await (await post('/predict', one)).json()) as { probability: number };
    assert.equal(many[i]!.probability, alone.probability);
  }
  assert.ok(
    many.at(-1)!.probability > many[0]!.probability,
    'more torque, more risk: what the model was taught',
  );
});

test('with a confidence the answer holds a set of classes, and says when that says nothing', async () => {
  const api = await served();
  const ask = (query: string, body: unknown) =>
    api.app.request(`/predict?${query}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const plain = (await (await ask('', row)).json()) as Record<string, unknown>;
  assert.ok(!('set' in plain));
  const one = (await (await ask('confidence=0.9', row)).json()) as {
    probability: number;
    set: string[];
    abstain: boolean;
  };
  const held = [1 - one.probability, one.probability].flatMap((p, k) => (1 - p <= 0.455 ? [String(k)] : []));
  assert.deepEqual(one.set, held);
  assert.equal(one.abstain, held.length !== 1);
  const many = (await (await ask('confidence=0.995', [row, row])).json()) as {
    set: string[];
    abstain: boolean;
  }[];
  assert.deepEqual(
    many.map(({ set, abstain }) => [set, abstain]),
    [
      [['0', '1'], true],
      [['0', '1'], true],
    ],
  );
  for (const wrong of [
    'confidence=',
    'confidence=1',
    'confidence=0.4',
    'confidence=NaN',
    'confidence=many',
  ]) {
    const refused = await ask(wrong, row);
    assert.equal(refused.status, 400, wrong);
    assert.match(await refused.text(), /confidence must be a number from 0\.5 to below 1/);
  }
  assert.equal((await ask('confidence=0.9', { ...row, Type: 'Q' })).status, 400);
});

test('ids come along, are logged, and change nothing', async () => {
  const plain = (await (await post('/predict', row)).json()) as { probability: number };
  const withIds = (await (await post('/predict', { UDI: 7, 'Product ID': 'L47181', ...row })).json()) as {
    probability: number;
  };
  assert.equal(withIds.probability, plain.probability);
  assert.deepEqual(recorded.at(-1)!.ids, { UDI: 7, 'Product ID': 'L47181' });
});

test('each wrong field is named with what it must be, and its value is not repeated', async () => {
  const { status, fields, text } = await refusal({
    ...row,
    Type: 'secret-X',
    'Torque [Nm]': 'secret-high',
    'Tool wear [min]': 999.25,
    extra: 1,
    'Air temperature [K]': undefined,
  });
  assert.equal(status, 400);
  assert.deepEqual(Object.fromEntries(fields.map(({ field, problem }) => [field, problem])), {
    Type: 'must be one of L, M, H, or null where it is missing',
    'Torque [Nm]': 'must be a number from 0 to 100 Nm, or null where it is missing',
    'Tool wear [min]': 'must be a number from 0 to 300 min, or null where it is missing',
    'Air temperature [K]': 'is missing',
    extra: 'is not a field of this model',
  });
  assert.doesNotMatch(text, /secret|999\.25/);
  assert.doesNotMatch(JSON.stringify(recorded.at(-1)), /secret|999\.25/, 'nor in the log');
  assert.equal(recorded.at(-1)!.route, 'refused');
});

test('the wrong row of a list is named', async () => {
  const { fields } = await refusal([row, { ...row, Type: 'X' }, row]);
  assert.deepEqual(
    fields.map(({ row }) => row),
    [1],
  );
});

test('null is a missing value where the schema allows one', async () => {
  assert.equal((await post('/predict', { ...row, 'Tool wear [min]': null, Type: null })).status, 200);
});

const bodies: readonly (readonly [what: string, body: string, status: number])[] = [
  ['malformed JSON', '{"Type":', 400],
  ['NaN', `{"Type":"L","Torque [Nm]":NaN}`, 400],
  ['a number too large', JSON.stringify(row).replace('42.8', '1e999'), 400],
  ['__proto__', `{"__proto__":{"Type":"L"},${JSON.stringify(row).slice(1)}`, 400],
  ['an empty list', '[]', 400],
  ['a list of lists', '[[1]]', 400],
  ['a bare number', '7', 400],
  ['null', 'null', 400],
  ['deep nesting', `${'['.repeat(5000)}${']'.repeat(5000)}`, 400],
  ['too many rows', JSON.stringify(new Array(101).fill({})), 413],
  ['too large a body', ' '.repeat(20_001), 413],
];
for (const [what, body, status] of bodies) {
  test(`${what} is answered with ${status} and no stack`, async () => {
    const response = await post('/predict', body);
    assert.equal(response.status, status);
    const text = await response.text();
    assert.ok('error' in (JSON.parse(text) as object));
    assert.doesNotMatch(text, /at .*\.ts|node:/);
  });
}

test('a body without content-length stops at the limit', async () => {
  const stream = new ReadableStream({
    pull(controller) {
      controller.enqueue(new TextEncoder().encode(' '.repeat(8000)));
    },
  });
  const request = new Request('http://localhost/predict', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: stream,
    duplex: 'half',
  } as RequestInit);
  assert.equal((await app.request(request)).status, 413);
});

test('content types, methods and routes', async () => {
  assert.equal((await post('/predict', row, { 'content-type': 'text/plain' })).status, 415);
  assert.equal(
    (await post('/predict', row, { 'content-type': 'application/json; charset=utf-8' })).status,
    200,
  );
  const wrong = await app.request('/predict');
  assert.equal(wrong.status, 405);
  assert.equal(wrong.headers.get('allow'), 'POST');
  assert.equal((await app.request('/nothing')).status, 404);
});

test('health names the model, ready says whether to send traffic', async () => {
  const health = (await (await app.request('/health')).json()) as Record<string, string>;
  assert.deepEqual([health.status, health.model, health.sha256], ['ok', 'v1', 'a'.repeat(64)]);
  assert.equal((await app.request('/ready')).status, 200);
  api.state.ready = false;
  assert.equal((await app.request('/ready')).status, 503);
  api.state.ready = true;
});

test('what cannot be put on record is not answered', async () => {
  api.state.full = true;
  const response = await post('/predict', row);
  api.state.full = false;
  assert.equal(response.status, 503);
  assert.doesNotMatch(await response.text(), /probability/);
});

test('feedback takes the truth of a prediction, or names what is wrong', async () => {
  const { id } = (await (await post('/predict', row)).json()) as { id: string };
  const tell = (body: unknown, key = SENDER_KEY) =>
    post('/feedback', body, { 'content-type': 'application/json', authorization: `Bearer ${key}` });
  assert.equal((await post('/feedback', { id, label: 1 })).status, 401, 'without a key');
  assert.equal((await tell({ id, label: 1 }, SMOKE_KEY)).status, 401, 'with a wrong one');
  assert.equal((await tell({ id, label: 1 })).status, 200);
  assert.deepEqual(api.labels.at(-1), { id, label: '1' });
  const invented = await tell([
    { id, label: '0' },
    { id: `${id.slice(0, -1)}${id.endsWith('0') ? '1' : '0'}`, label: '1' },
    { id: 'ab'.repeat(10), label: '1' },
  ]);
  assert.equal(invented.status, 400);
  assert.deepEqual(
    ((await invented.json()) as { fields: { row: number }[] }).fields.map(({ row }) => row),
    [1, 2],
    'ids that no prediction was given under',
  );
  const response = await tell([
    { id, label: '0' },
    { id: '../etc', label: '2' },
  ]);
  assert.equal(response.status, 400);
  const { fields } = (await response.json()) as { fields: { row: number; field: string }[] };
  assert.deepEqual(
    fields.map(({ row, field }) => `${row} ${field}`),
    ['1 id', '1 label'],
  );
  assert.equal(api.labels.length, 1, 'all of a request or nothing');
});

test('a smoke test is known by the key of the start, not by what anybody can send', async () => {
  const marked = async (headers: Record<string, string>) => {
    await post('/predict', row, { 'content-type': 'application/json', ...headers });
    return 'smoke' in api.recorded.at(-1)!;
  };
  assert.equal(await marked({ 'x-request-id': 'smoke' }), false);
  assert.equal(await marked({ 'x-smoke': 'true' }), false);
  assert.equal(await marked({ 'x-smoke': SMOKE_KEY }), true);
});

test('whatever JSON arrives, the answer is JSON and never a 500', async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), async (body) => {
      const response = await post('/predict', body);
      assert.ok(response.status === 400 || response.status === 413, String(response.status));
      assert.ok('error' in ((await response.json()) as object));
    }),
    { numRuns: 200 },
  );
});

test('a long list lets others in between its steps', async () => {
  const { app: long } = await served({ deployment: { max_rows: 5000, max_body_bytes: 5_000_000 } });
  let turns = 0;
  let running = true;
  const turn = () => {
    turns++;
    if (running) setImmediate(turn);
  };
  const answered = long.request('/predict', {
    method: 'POST',
    headers: { 'content-type': 'application/json', host: 'localhost' },
    body: JSON.stringify(Array.from({ length: 3000 }, () => row)),
  });
  setImmediate(turn);
  const { status } = await answered;
  running = false;
  assert.equal(status, 200);
  assert.ok(turns >= 4, `${turns} turns`);
});
