/** Batches of rows, and the Open Inference Protocol: other ways in, the same predictions. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { csvParse } from 'd3-dsv';
import { lineupOf } from '../../lib/serve/fleet.ts';
import { poster, row, type Served, served } from './served.ts';

let api: Served;
let post: ReturnType<typeof poster>;
before(async () => {
  api = await served();
  post = poster(api.app);
});

const header = Object.keys(row).join(',');
const rows = Array.from({ length: 1203 }, (_, i) => ({ ...row, 'Torque [Nm]': 20 + (i % 50) }));
const csvOf = (all: readonly object[]) =>
  [header, ...all.map((each) => Object.values(each).join(','))].join('\n');

async function alone(one: object): Promise<number> {
  return ((await (await post('/predict', one)).json()) as { probability: number }).probability;
}

test('CSV in, CSV out: each row as if it came alone, on record, beyond the limit of one request', async () => {
  const before = api.recorded.length;
  const response = await post('/predict_batch', `\ufeff${csvOf(rows)}\r\n`, {
    'content-type': 'text/csv; charset=utf-8',
  });
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type')!, /^text\/csv/);
  const answers = csvParse(await response.text());
  assert.equal(answers.length, rows.length);
  assert.equal(api.recorded.length - before, rows.length);
  for (const i of [0, 17, 499, 500, 1202]) {
    assert.equal(answers[i]!.row, String(i));
    assert.equal(Number(answers[i]!.probability), await alone(rows[i]!));
    assert.equal(api.recorded[before + i]!.id, answers[i]!.id);
  }
});

test('NDJSON in, NDJSON out, a wrong row among right ones is named and the others are answered', async () => {
  const lines = [
    JSON.stringify(row),
    '{"Type":',
    '',
    JSON.stringify({ ...row, Type: 'secret' }),
    '7',
    JSON.stringify(row),
  ];
  const response = await post('/predict_batch', lines.join('\n'), { 'content-type': 'application/x-ndjson' });
  const text = await response.text();
  const answers = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { row: number; probability?: number; problem?: string });
  assert.deepEqual(
    answers.map(({ row: at }) => at),
    [0, 1, 2, 3, 4],
  );
  assert.deepEqual(
    answers.map(({ probability }) => probability !== undefined),
    [true, false, false, false, true],
  );
  assert.match(answers[2]!.problem!, /^Type must be one of L, M, H/);
  assert.doesNotMatch(text, /secret/);
  assert.equal(answers[4]!.probability, await alone(row));
});

test('cells of a CSV are read strictly', async () => {
  const cells = (torque: string) => `L,298.1,308.6,1551,${torque},10`;
  const body = [
    header,
    cells('42.8'),
    cells(''),
    cells('0x10'),
    cells('4 2'),
    cells('1e999'),
    'L,1',
    cells('"42.8"'),
  ].join('\n');
  const answers = csvParse(await (await post('/predict_batch', body, { 'content-type': 'text/csv' })).text());
  assert.deepEqual(
    answers.map(({ problem }) => problem === ''),
    [true, true, false, false, false, false, true],
  );
});

test('a header that no row can be right under is refused before the first row', async () => {
  for (const [body, problem] of [
    ['', /header lacks Type, Air/],
    ['Type,Torque [Nm]\nL,1\n', /header lacks Air temperature/],
    [`${header},Type\n`, /names a column twice/],
    ['"open', /a quote is opened and never closed/],
    [Buffer.from([0xff, 0xfe, 0x41]), /not UTF-8/],
    ['x'.repeat(20_001), /one row may have at most 20000 bytes/],
  ] as const) {
    const response = await api.app.request('/predict_batch', {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body,
    });
    const text = await response.text();
    assert.ok([400, 413].includes(response.status), text);
    assert.match(text, problem);
  }
});

test('a stream that breaks later ends with what broke it', async () => {
  const response = await post('/predict_batch', `${csvOf(rows.slice(0, 3))}\n"open`, {
    'content-type': 'text/csv',
  });
  const last = csvParse(await response.text()).at(-1)!;
  assert.match(last.problem!, /the stream ends here: a quote is opened and never closed/);
});

test('rows are answered while others are still sent, and memory holds few of them', async () => {
  let sent = 0;
  let sentAtFirstAnswer = 0;
  const stream = new ReadableStream({
    pull(controller) {
      if (sent === 200) controller.close();
      else
        controller.enqueue(
          new TextEncoder().encode(
            sent === 0 ? `${header}\n` : `${csvOf(rows.slice(0, 100)).slice(header.length + 1)}\n`,
          ),
        );
      sent++;
    },
  });
  const request = new Request('http://localhost/predict_batch', {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: stream,
    duplex: 'half',
  } as RequestInit);
  const response = await api.app.request(request);
  const reader = response.body!.getReader();
  let text = '';
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    text += new TextDecoder().decode(piece.value);
    if (sentAtFirstAnswer === 0 && text.length > 1000) sentAtFirstAnswer = sent;
  }
  assert.equal(text.trimEnd().split('\n').length, 199 * 100 + 1);
  assert.ok(sentAtFirstAnswer < 50, `${sentAtFirstAnswer} pieces were taken before the first answer`);
});

const columns = (n: number) =>
  Object.entries(row).map(([name, value]) => ({
    name,
    shape: [n],
    datatype: typeof value === 'string' ? 'BYTES' : 'FP64',
    data: Array.from({ length: n }, () => value),
  }));
const infer = (body: unknown) => post('/v2/models/clockwork-ai4i/infer', body);

interface InferAnswer {
  model_name: string;
  model_version: string;
  id?: string;
  outputs: { name: string; datatype: string; shape: number[]; data: unknown[] }[];
}

test('tensors in, tensors out: a column each, or one matrix', async () => {
  const expected = await alone(row);
  const byColumn = (await (await infer({ id: 'call-1', inputs: columns(3) })).json()) as InferAnswer;
  assert.deepEqual(
    [byColumn.model_name, byColumn.model_version, byColumn.id],
    ['clockwork-ai4i', 'v1', 'call-1'],
  );
  assert.deepEqual(
    byColumn.outputs.map(({ name, shape }) => [name, shape]),
    [
      ['probability', [3]],
      ['class', [3]],
      ['id', [3]],
    ],
  );
  assert.deepEqual(byColumn.outputs[0]!.data, [expected, expected, expected]);
  const matrix = {
    name: 'rows',
    shape: [2, 6],
    datatype: 'BYTES',
    data: [...Object.values(row), ...Object.values(row)],
  };
  const byMatrix = (await (
    await infer({ inputs: [matrix], outputs: [{ name: 'probability' }] })
  ).json()) as InferAnswer;
  assert.deepEqual(byMatrix.outputs, [
    { name: 'probability', datatype: 'FP64', shape: [2], data: [expected, expected] },
  ]);
});

test('what is no inference request is refused with what is wrong', async () => {
  const [first, ...others] = columns(1);
  for (const [body, problem] of [
    [{}, /inputs/],
    [{ inputs: [] }, /inputs/],
    [{ inputs: others }, /row 0: Type is missing/],
    [{ inputs: [first, ...others, { ...first!, name: 'x' }] }, /x is not a field/],
    [{ inputs: [{ ...first!, shape: [2] }, ...others] }, /does not fill its shape/],
    [{ inputs: [{ ...first!, shape: [1, 1], data: [['X']] }, ...others] }, /row 0: Type must be one of/],
    [{ inputs: [first, first, ...others] }, /same name/],
    [{ inputs: [{ ...first!, shape: [2], data: ['L', 'L'] }, ...others] }, /each tensor is one column/],
    [{ inputs: columns(0) }, /empty/],
    [{ inputs: columns(1), outputs: [{ name: 'logits' }] }, /no such output/],
  ] as const) {
    const response = await infer(body);
    assert.equal(response.status, 400, JSON.stringify(body));
    assert.match(((await response.json()) as { error: string }).error, problem);
  }
  assert.equal((await infer({ inputs: columns(101) })).status, 413);
});

test('what the protocol says of server and model', async () => {
  const get = async (path: string) => (await (await api.app.request(path)).json()) as Record<string, unknown>;
  assert.deepEqual(await get('/v2'), { name: 'clockwork', version: '2', extensions: [] });
  const { inputs, outputs, versions } = await get('/v2/models/clockwork-ai4i');
  assert.deepEqual(versions, ['v1']);
  assert.deepEqual(
    (inputs as { datatype: string }[]).map(({ datatype }) => datatype),
    ['BYTES', 'FP64', 'FP64', 'FP64', 'FP64', 'FP64'],
  );
  assert.equal((outputs as unknown[]).length, 3);
  api.state.ready = false;
  assert.equal((await api.app.request('/v2/health/ready')).status, 503);
  assert.equal((await api.app.request('/v2/models/clockwork-ai4i/ready')).status, 503);
  assert.equal((await api.app.request('/v2/health/live')).status, 200);
  api.state.ready = true;
});

test('a split is on record with what it was drawn by, and each key keeps its version', async () => {
  const [model, canary] = api.models;
  api.state.lineup = lineupOf(model!, [[canary!, 30]], 'salt');
  const seen = new Map<string, string>();
  for (let i = 0; i < 120; i++) {
    const key = `customer-${i % 40}`;
    const headers = { 'content-type': 'application/json', 'x-routing-key': key };
    const { model: version } = (await (await post('/predict', row, headers)).json()) as { model: string };
    assert.equal(seen.get(key) ?? version, version);
    seen.set(key, version);
    const line = api.recorded.at(-1)!;
    assert.deepEqual(
      [line.key, line.salt, line.split, line.route],
      [key, 'salt', 'v1=70 v2=30', version === 'v1' ? 'champion' : 'canary'],
    );
  }
  assert.deepEqual([...new Set(seen.values())].sort(), ['v1', 'v2']);
  await post('/predict', row, { 'content-type': 'application/json', 'x-routing-key': 'no\tkey' });
  assert.equal(api.recorded.at(-1)!.key, api.recorded.at(-1)!.id, 'without a key, the id');
  api.state.lineup = lineupOf(model!, [], 'salt');
});

test('a canary that fails costs no answer: the model gives it, and the failure is on record', async () => {
  const [model, canary] = api.models;
  const failing = {
    ...canary!,
    score: () => {
      throw new Error('it broke');
    },
  };
  api.state.lineup = lineupOf(model!, [[failing, 100]], 'salt');
  const response = await post('/predict', row);
  api.state.lineup = lineupOf(model!, [], 'salt');
  assert.equal(response.status, 200);
  assert.equal(((await response.json()) as { model: string }).model, 'v1');
  const [failed, answered] = api.recorded.slice(-2);
  assert.deepEqual([failed!.route, failed!.model], ['failed', 'v2']);
  assert.deepEqual([answered!.route, answered!.model], ['champion', 'v1']);
});

test('a canary that refuses what the model takes has failed, alone and in a batch', async () => {
  const [model, canary] = api.models;
  const strict = {
    ...canary!,
    parse: (all: readonly unknown[]) =>
      all.length > 0 ? { problems: [{ row: 0, field: 'Type', problem: 'no' }] } : canary!.parse(all),
  };
  api.state.lineup = lineupOf(model!, [[strict, 100]], 'salt');
  assert.equal((await post('/predict', row)).status, 200);
  assert.deepEqual(
    api.recorded.slice(-2).map(({ route, model: by }) => [route, by]),
    [
      ['failed', 'v2'],
      ['champion', 'v1'],
    ],
  );
  const batch = csvParse(
    await (await post('/predict_batch', csvOf(rows.slice(0, 3)), { 'content-type': 'text/csv' })).text(),
  );
  assert.deepEqual(
    batch.map(({ problem }) => problem),
    ['', '', ''],
  );
  assert.equal((await post('/predict', { ...row, Type: 'X' })).status, 400, 'what both refuse is refused');
  api.state.lineup = lineupOf(model!, [], 'salt');
});

test('a record of many lines and pieces is looked at once', async () => {
  const start = performance.now();
  const lines = await post('/predict_batch', `"${'\n'.repeat(15_000)}"`, { 'content-type': 'text/csv' });
  assert.equal(lines.status, 400);
  const piece = new TextEncoder().encode('x'.repeat(64));
  let sent = 0;
  const stream = new ReadableStream({
    pull(controller) {
      controller.enqueue(sent++ === 0 ? new TextEncoder().encode(`${header}\n"`) : piece);
    },
  });
  const wide = await served({ deployment: { max_body_bytes: 1_000_000 } });
  const response = await wide.app.request(
    new Request('http://localhost/predict_batch', {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: stream,
      duplex: 'half',
    } as RequestInit),
  );
  assert.match(await response.text(), /one row may have at most 1000000 bytes/);
  assert.ok(performance.now() - start < 5000);
});

test('sensitive columns come along and are kept apart', async () => {
  const configText = (await import('../support.ts')).defaultConfig.replace(
    'Product ID: { type: text, role: id, missing: refuse',
    'Product ID: { type: text, role: sensitive, missing: keep',
  );
  const apart = await served({ configText });
  assert.equal((await poster(apart.app)('/predict', { ...row, 'Product ID': 'F' })).status, 200);
  const line = apart.recorded[0]!;
  assert.doesNotMatch(JSON.stringify(line), /Product/);
  assert.deepEqual(apart.sensitive, [{ id: line.id, sensitive: { 'Product ID': 'F' } }]);
});
