/** The Open Inference Protocol: another way in, the same predictions. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { errorsAreNamed, posted, routesKeepTheirWord } from '../../../test/contract/contract.ts';
import { poster, row, type Served, served } from '../../../test/contract/served.ts';
import { inferenceRoutes } from '../routes.ts';

const make = () => served({ more: [() => inferenceRoutes] });
let api: Served;
let post: ReturnType<typeof poster>;
before(async () => {
  api = await make();
  post = poster(api.app);
});

routesKeepTheirWord('the protocol', make);
errorsAreNamed('the protocol', make, [
  ['v2_model', '/v2/models/other', {}, 404],
  ['v2_infer', '/v2/models/..%2f..%2fetc/infer', posted('{}'), 404],
  ['v2_infer', '/v2/models/clockwork-ai4i/infer', posted('{"inputs":[]}'), 400],
]);

async function alone(one: object): Promise<number> {
  return ((await (await post('/predict', one)).json()) as { probability: number }).probability;
}

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
