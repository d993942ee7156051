/**
 * The Open Inference Protocol (KServe V2, REST): a tensor per column, or one of all columns in the signature's order.
 * Answers are tensors: probability, class, the id under which each row is on record, and with more than two classes the
 * probabilities of all, rows × classes.
 */
import * as v from 'valibot';
import type { Answer, Caller } from '../../lib/predict/predict.ts';
import { errorJson } from '../../lib/serve/http.ts';
import type { ServerParts } from '../../lib/serve/route.ts';
import type { Signature, SignatureInput } from '../../lib/train/signature.ts';

const DATATYPES = [
  'BOOL',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP16',
  'FP32',
  'FP64',
  'BYTES',
] as const;

function tensorsOf({ output }: Signature) {
  const tensors = [
    { name: 'probability', datatype: 'FP64', shape: [-1] },
    { name: 'class', datatype: 'BYTES', shape: [-1] },
    { name: 'id', datatype: 'BYTES', shape: [-1] },
  ] as const;
  return output.outputs.length === 1
    ? tensors
    : ([
        ...tensors,
        { name: 'probabilities', datatype: 'FP64', shape: [-1, output.outputs.length] },
      ] as const);
}

const parameters = v.optional(v.record(v.string(), v.unknown()));

export const inferRequest = v.object({
  id: v.optional(v.pipe(v.string(), v.maxLength(200))),
  parameters,
  inputs: v.pipe(
    v.array(
      v.object({
        name: v.string(),
        shape: v.array(v.pipe(v.number(), v.integer(), v.minValue(0))),
        datatype: v.picklist(DATATYPES),
        parameters,
        data: v.array(v.unknown()),
      }),
    ),
    v.minLength(1),
  ),
  outputs: v.optional(v.array(v.object({ name: v.string(), parameters }))),
});

type Tensor = v.InferOutput<typeof inferRequest>['inputs'][number];

export function inferProtocol({
  name,
  deployment: { max_rows: maxRows },
  predictor,
  fleet,
}: Pick<ServerParts, 'name' | 'deployment' | 'predictor' | 'fleet'>) {
  const refuse = (error: string, status = 400): Answer => ({ status, body: errorJson(error) });
  return {
    server: () => ({ name: 'clockwork', version: '2', extensions: [] }),
    model() {
      const { version, loaded } = fleet.current().model;
      return {
        name,
        versions: [version],
        platform: 'clockwork',
        inputs: loaded.signature.inputs.map((input) => ({
          name: input.name,
          datatype: datatypeOf(input),
          shape: [-1],
        })),
        outputs: tensorsOf(loaded.signature),
      };
    },
    async infer(body: unknown, caller: Caller): Promise<Answer> {
      const checked = v.safeParse(inferRequest, body);
      if (!checked.success) {
        const { path } = checked.issues[0];
        return refuse(
          `not an inference request: ${path?.map(({ key }) => String(key).slice(0, 64)).join('.') || 'the body'} is not what the Open Inference Protocol asks for`,
        );
      }
      const { signature } = fleet.current().model.loaded;
      const known = tensorsOf(signature);
      const { id, inputs, outputs = known } = checked.output;
      const unknown = outputs.find((output) => !known.some(({ name }) => name === output.name));
      if (unknown !== undefined)
        return refuse(`no such output: ${known.map((output) => output.name).join(', ')} are there`);
      const rows = rowsOf(inputs, signature.inputs);
      if (typeof rows === 'string') return refuse(rows);
      if (rows.length === 0) return refuse('the tensors are empty');
      if (rows.length > maxRows) return refuse(`at most ${maxRows} rows in one request`, 413);
      const predictions = await predictor.all(rows, caller);
      if ('problems' in predictions)
        return refuse(
          predictions.problems
            .slice(0, 10)
            .map(({ row, field, problem }) => `row ${row}: ${field} ${problem}`)
            .join('; '),
        );
      const tensors = outputs.map((output) => {
        const { name: field, datatype, shape } = known.find(({ name }) => name === output.name)!;
        return {
          name: field,
          datatype,
          shape: [predictions.length, ...shape.slice(1)],
          data:
            field === 'probabilities'
              ? predictions.flatMap(({ probabilities }) =>
                  signature.output.outputs.map((of) => probabilities![of]),
                )
              : predictions.map((prediction) => prediction[field]),
        };
      });
      const answer = {
        model_name: name,
        model_version: predictions[0]!.model,
        ...(id === undefined ? {} : { id }),
        outputs: tensors,
      };
      return { status: 200, body: JSON.stringify(answer) };
    },
  };
}

export function datatypeOf({ type }: SignatureInput): string {
  if (type === 'integer') return 'INT64';
  return type === 'number' ? 'FP64' : 'BYTES';
}

/** Rows as objects, or what is wrong with the tensors. */
function rowsOf(tensors: readonly Tensor[], columns: readonly SignatureInput[]): object[] | string {
  for (const { shape, data } of tensors) {
    const size = shape.reduce((product, length) => product * length, 1);
    if (size !== data.flat().length) return 'the data of a tensor does not fill its shape';
  }
  const only = tensors.length === 1 ? tensors[0]! : undefined;
  if (
    only !== undefined &&
    only.shape.length === 2 &&
    only.shape[1] === columns.length &&
    columns.length > 1
  ) {
    const data = only.data.flat();
    return Array.from({ length: only.shape[0]! }, (_, row) =>
      Object.fromEntries(columns.map(({ name }, f) => [name, data[row * columns.length + f]])),
    );
  }
  if (new Set(tensors.map(({ name }) => name)).size < tensors.length) return 'two tensors have the same name';
  const rows = tensors[0]!.shape[0] ?? 0;
  const isColumn = ({ shape }: Tensor) => shape[0] === rows && shape.slice(1).every((length) => length === 1);
  if (!tensors.every(isColumn)) return 'each tensor is one column: shape [n] or [n, 1], the same n for all';
  const data = tensors.map((tensor) => tensor.data.flat());
  return Array.from({ length: rows }, (_, row) =>
    Object.fromEntries(tensors.map(({ name }, t) => [name, data[t]![row]])),
  );
}
