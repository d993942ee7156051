/** Batches of rows: another way in, the same predictions. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { csvParse } from 'd3-dsv';
import { lineupOf } from '../../../lib/predict/fleet.ts';
import { errorsAreNamed, posted, routesKeepTheirWord } from '../../../test/contract/contract.ts';
import { poster, row, type Served, type ServedOptions, served } from '../../../test/contract/served.ts';
import { batchRoutes } from '../route.ts';

const make = (options: ServedOptions = {}) => served({ ...options, more: [() => batchRoutes] });
let api: Served;
let post: ReturnType<typeof poster>;
before(async () => {
  api = await make();
  post = poster(api.app);
});

routesKeepTheirWord('batch', make);
errorsAreNamed('batch', make, [
  ['predict_batch', '/predict_batch', posted('a,b\n1,2\n', 'text/csv'), 400],
  ['predict_batch', '/predict_batch', posted('{}'), 415],
]);

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
    [`${header.replaceAll(',', ';')}\n`, /header lacks .*: fields are parted by commas here/],
    [`${header}, Type \n`, /names a column twice/],
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
  const wide = await make({ deployment: { max_body_bytes: 1_000_000 } });
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

test('a canary that refuses what the model takes has failed, in a batch too', async () => {
  const [model, canary] = api.models;
  const parse = (all: readonly unknown[]) =>
    all.length > 0 ? { problems: [{ row: 0, field: 'Type', problem: 'no' }] } : canary!.parse(all);
  api.state.lineup = lineupOf(model!, [[{ ...canary!, parse }, 100]], 'salt');
  const batch = csvParse(
    await (await post('/predict_batch', csvOf(rows.slice(0, 3)), { 'content-type': 'text/csv' })).text(),
  );
  assert.deepEqual(
    batch.map(({ problem }) => problem),
    ['', '', ''],
  );
  api.state.lineup = lineupOf(model!, [], 'salt');
});
