/** What the OpenAPI document says of the things that go in and out: JSON Schemas from the model's signature. */
import { ACTIONS } from '../agent/plan.ts';
import type { Signature, SignatureInput } from '../registry/signature.ts';

export type Json = Readonly<Record<string, unknown>>;

export const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
export const object = (properties: Json, required: readonly string[] = Object.keys(properties)) => ({
  type: 'object',
  properties,
  required,
});
const text = (description: string) => ({ type: 'string', description });

export function schemasOf({ inputs, ids, sensitive, output }: Signature): Json {
  return {
    Row: {
      type: 'object',
      properties: Object.fromEntries([
        ...inputs.map((input) => [input.name, fieldSchema(input)]),
        ...[...ids, ...sensitive].map((column) => [
          column.name,
          {
            type: ['string', 'number', 'null'],
            maxLength: 200,
            description: 'Not an input of the model',
          },
        ]),
      ]),
      required: inputs.map((input) => input.name),
      additionalProperties: false,
    },
    Prediction: object({
      id: text('Under which the prediction is on record'),
      model: text('Version that answered'),
      sha256: text('Of its model.json'),
      probability: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        description:
          output.outputs.length === 1 ? `Of ${output.target} = ${output.outputs[0]}` : 'Of the class given',
      },
      class: { enum: output.classes },
      ...(output.outputs.length === 1
        ? {}
        : {
            probabilities: object(
              Object.fromEntries(
                output.outputs.map((name) => [name, { type: 'number', minimum: 0, maximum: 1 }]),
              ),
            ),
          }),
    }),
    Explanation: object(
      {
        model: text('Version that is explained'),
        sha256: text('Of its model.json'),
        probability: { type: 'number', minimum: 0, maximum: 1 },
        class: { enum: output.classes },
        method: { enum: ['path_dependent', 'interventional', 'linear'] },
        space: { enum: ['probability', 'log-odds', 'margin'] },
        of: { enum: output.outputs },
        base: { type: 'number' },
        contributions: { type: 'object', additionalProperties: { type: 'number' } },
        output: { type: 'number' },
      },
      ['model', 'sha256', 'class', 'method', 'space', 'of', 'base', 'contributions', 'output'],
    ),
    Plan: object({
      status: { enum: ['healthy', 'inconclusive', 'warn', 'critical'] },
      findings: { type: 'array', items: { type: 'object' } },
      actions: { type: 'array', items: { enum: [...ACTIONS] } },
      rationale: { type: 'string' },
    }),
    Label: object({
      id: { type: 'string', pattern: '^[0-9a-f]{20}$' },
      label: {
        enum: [...output.classes, ...output.classes.filter((c) => String(Number(c)) === c).map(Number)],
      },
    }),
    Health: object(
      {
        status: { const: 'ok' },
        model: text('Version that answers'),
        sha256: text('Of its model.json'),
        since: { type: 'string', format: 'date-time' },
        traffic: {
          type: 'array',
          items: object({ version: { type: 'string' }, percent: { type: 'number' } }),
        },
        refused: {
          type: 'array',
          items: object({ version: { type: 'string' }, problem: { type: 'string' } }),
        },
      },
      ['status', 'model', 'sha256', 'since', 'traffic'],
    ),
    InferRequest: object(
      {
        id: { type: 'string', maxLength: 200 },
        inputs: {
          type: 'array',
          minItems: 1,
          items: object({
            name: { type: 'string' },
            shape: { type: 'array', items: { type: 'integer', minimum: 0 } },
            datatype: { type: 'string' },
            data: { type: 'array' },
          }),
        },
        outputs: {
          type: 'array',
          items: object({
            name: {
              enum: ['probability', 'class', 'id', ...(output.outputs.length === 1 ? [] : ['probabilities'])],
            },
          }),
        },
      },
      ['inputs'],
    ),
    Error: object(
      {
        error: { type: 'string' },
        fields: {
          type: 'array',
          items: object({
            row: { type: 'integer' },
            field: { type: 'string' },
            problem: { type: 'string' },
          }),
        },
      },
      ['error'],
    ),
  };
}

function fieldSchema({ type, unit, range, categories, other, nullable, description }: SignatureInput): Json {
  const about = [description, unit].filter(Boolean).join(', ');
  const described = about === '' ? {} : { description: about };
  if (other !== undefined)
    return {
      type: nullable ? ['string', 'null'] : 'string',
      maxLength: 200,
      examples: categories,
      ...described,
    };
  if (categories !== undefined) return { enum: nullable ? [...categories, null] : categories, ...described };
  const kind = type === 'integer' ? 'integer' : 'number';
  const bounds = range === undefined ? {} : { minimum: range[0], maximum: range[1] };
  return { type: nullable ? [kind, 'null'] : kind, ...bounds, ...described };
}
