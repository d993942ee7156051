/** What a model takes and gives: the API, its documentation and drift types all come from here. */
import { rolesOf } from '../config/roles.ts';
import type { Column, Schema } from '../config/schema.ts';
import type { Matrix } from '../numbers/matrix.ts';
import { type DecisionRule, outputsOf } from '../numbers/outputs.ts';

export interface SignatureInput {
  readonly name: string;
  readonly type: Column['type'];
  readonly unit?: string;
  readonly description?: string;
  readonly range?: readonly [number, number];
  readonly categories?: readonly string[];
  /** The category that any value which is none of them counts as. */
  readonly other?: string;
  /** Whether null stands for a missing value. */
  readonly nullable: boolean;
}

/** The content of signature.json. */
export interface Signature {
  readonly inputs: readonly SignatureInput[];
  /** Columns a request may carry that the model never sees: ids are logged, sensitive values kept apart. */
  readonly ids: readonly SignatureInput[];
  readonly sensitive: readonly SignatureInput[];
  readonly output: {
    readonly target: string;
    readonly classes: readonly string[];
    /** The classes whose probability the model gives: the positive one of two, or every one of more. */
    readonly outputs: readonly string[];
  } & DecisionRule;
  /** A row of the training data. */
  readonly example: Readonly<Record<string, string | number | null>>;
}

export function signatureOf(schema: Schema, inputs: Matrix, rule: DecisionRule): Signature {
  const roles = rolesOf(schema);
  const classes = roles.target.categories!;
  const describe = ({
    name,
    type,
    unit,
    description,
    range,
    categories,
    other,
    missing,
  }: (typeof roles.inputs)[number]): SignatureInput => ({
    name,
    type,
    ...(unit === undefined ? {} : { unit }),
    ...(description === undefined ? {} : { description }),
    ...(range === undefined ? {} : { range }),
    ...(categories === undefined ? {} : { categories }),
    ...(other === undefined ? {} : { other }),
    nullable: missing !== 'refuse',
  });
  const example = roles.inputs.map((column, f): [string, string | number | null] => {
    const value = inputs.values[f]!;
    if (Number.isNaN(value)) return [column.name, null];
    return [column.name, column.categories === undefined ? value : column.categories[value]!];
  });
  return {
    inputs: roles.inputs.map(describe),
    ids: [...roles.ids, ...(roles.time === undefined ? [] : [roles.time])].map(describe),
    sensitive: roles.sensitive.map(describe),
    output: {
      target: roles.target.name,
      classes,
      outputs: outputsOf(classes.length).map((k) => classes[k]!),
      ...rule,
    },
    example: Object.fromEntries(example),
  };
}
