/** What the model of the moment takes and gives, as JSON Schemas: made from its signature. */
import type { Signature, SignatureInput } from '../train/signature.ts';
import type { Json } from './route.ts';

const object = (properties: Json, required: readonly string[] = Object.keys(properties)): Json => ({
  type: 'object',
  properties,
  required,
});
const text = (description: string): Json => ({ type: 'string', description });
const probability: Json = { type: 'number', minimum: 0, maximum: 1 };

export function rowSchemas({ inputs, ids, sensitive, output }: Signature): Json {
  const one = output.outputs.length === 1;
  return {
    Row: {
      ...object(
        Object.fromEntries([
          ...inputs.map((input) => [input.name, fieldSchema(input)]),
          ...[...ids, ...sensitive].map(({ name }) => [
            name,
            { type: ['string', 'number', 'null'], maxLength: 200, description: 'Not an input of the model' },
          ]),
        ]),
        inputs.map(({ name }) => name),
      ),
      additionalProperties: false,
    },
    Prediction: object({
      id: text('Under which the prediction is on record'),
      model: text('Version that answered'),
      sha256: text('Of its model.json'),
      probability: {
        ...probability,
        description: one ? `Of ${output.target} = ${output.outputs[0]}` : 'Of the class given',
      },
      class: { enum: output.classes },
      ...(one
        ? {}
        : { probabilities: object(Object.fromEntries(output.outputs.map((name) => [name, probability]))) }),
    }),
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
