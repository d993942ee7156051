/**
 * A route of the API: path, what it takes, what it says of itself and what it does stand together. The app, the OpenAPI
 * document and the tests all read the same table.
 */
import { toJsonSchema } from '@valibot/to-json-schema';
import type { Context } from 'hono';
import * as v from 'valibot';
import type { Config } from '../config/schema.ts';
import type { Fleet } from '../predict/fleet.ts';
import type { Caller, Predictor } from '../predict/predict.ts';
import { readJson } from './body.ts';
import type { StatusPart } from './status.ts';

export type Json = Readonly<Record<string, unknown>>;

/** By media type: a JSON Schema and an example. */
export type Content = Readonly<Record<string, { readonly schema: Json; readonly example?: unknown }>>;

export interface Route {
  /** Of the operation in the document. */
  readonly id: string;
  readonly method: 'GET' | 'POST';
  /** With :name for a part that varies. */
  readonly path: string;
  readonly summary: string;
  /** Of the parts of the path that vary, where they are not the model's name. */
  readonly examples?: Readonly<Record<string, string>>;
  /** Needs the administrator's token, and is not there without one configured. */
  readonly admin?: boolean;
  /** Needs the key of a sender of labels. */
  readonly sender?: boolean;
  readonly body?: Content;
  readonly ok: { readonly description: string; readonly content: Content };
  /** Statuses of the errors that it may answer, besides those that every route may. */
  readonly errors: readonly (keyof typeof ERRORS)[];
  /** Whether the header that traffic is split by counts. */
  readonly keyed?: boolean;
  /** What may stand behind the question mark. */
  readonly query?: readonly {
    readonly name: string;
    readonly description: string;
    readonly schema: Json;
    readonly example: unknown;
  }[];
  handle(c: Context): Response | Promise<Response>;
}

export const ERRORS = {
  400: 'The body is not what this route takes; fields names each wrong field of each row',
  401: 'The bearer token is missing or wrong',
  403: 'A page of another origin sent it, and deployment.cors does not name that',
  404: 'There is no such thing',
  413: 'The body or the list is too long',
  415: 'The content type is not one that this route takes',
  421: 'The server is not called by this name (deployment.hosts)',
  429: 'The sender has sent as many labels as it may in this hour (deployment.feedback.per_hour)',
  500: 'The server failed; what happened is in its log',
  503: 'Not ready, or the answer could not be put on record',
} as const;

/** What routes are made of. */
export interface ServerParts {
  /** The project's name: title of the pages, and the model's name in the Open Inference Protocol. */
  readonly name: string;
  readonly deployment: Config['deployment'];
  readonly fleet: Pick<Fleet, 'current' | 'refused'>;
  readonly predictor: Predictor;
  readonly isReady: () => boolean;
  readonly onError: (error: unknown) => void;
  /** Prometheus text of all workers. */
  readonly metricsText: () => Promise<string>;
  /** What rooms and chapters show on a page about the server, and what goes wrong in the server itself. */
  readonly statusParts: readonly StatusPart[];
  readonly troubles: () => readonly string[];
  /** Who asks, from the request's headers. */
  callerOf(c: Context): Caller;
}

export const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });

/** JSON of a schema, valibot's or as it is. */
export function json(schema: v.GenericSchema | Json, example?: unknown): Content {
  const described = 'kind' in schema ? jsonSchemaOf(schema as v.GenericSchema) : (schema as Json);
  return {
    'application/json': example === undefined ? { schema: described } : { schema: described, example },
  };
}

export const text = (type: string): Content => ({ [type]: { schema: { type: 'string' } } });

/** One of them or a list. */
export function oneOrMany(name: string, most?: number): Json {
  const bounds = most === undefined ? {} : { minItems: 1, maxItems: most };
  return { oneOf: [ref(name), { type: 'array', items: ref(name), ...bounds }] };
}

function jsonSchemaOf(schema: v.GenericSchema): Json {
  const { $schema: _, ...described } = toJsonSchema(schema, { typeMode: 'input', errorMode: 'ignore' });
  return described;
}

/** Reads and checks a JSON body and hands it on, or answers what is wrong with it, field by field. */
export async function withBody<S extends v.GenericSchema>(
  c: Context,
  { max_body_bytes }: Pick<Config['deployment'], 'max_body_bytes'>,
  schema: S,
  answer: (value: v.InferOutput<S>) => Response | Promise<Response>,
): Promise<Response> {
  const body = await readJson(c, max_body_bytes);
  if ('refusal' in body) return body.refusal;
  const checked = checkFields(schema, body.value);
  if ('fields' in checked) return c.json({ error: 'invalid input', fields: checked.fields }, 400);
  return answer(checked.value);
}

const FIELDS_SHOWN = 100;
const NAME_SHOWN = 64;

/** What a schema makes of a value, or what is wrong with it: by row of a list, and by field. */
export function checkFields<S extends v.GenericSchema>(
  schema: S,
  value: unknown,
): { value: v.InferOutput<S> } | { fields: { row: number; field: string; problem: string }[] } {
  const checked = v.safeParse(schema, value);
  if (checked.success) return { value: checked.output };
  const fields = checked.issues.slice(0, FIELDS_SHOWN).map((issue) => {
    const keys = (issue.path ?? []).map(({ key }) => key as string | number);
    const inList = typeof keys[0] === 'number';
    const isWhole = issue.type === 'strict_object';
    const names = isWhole ? [] : keys.slice(inList ? 1 : 0);
    return {
      row: inList ? Number(keys[0]) : 0,
      field: names.join('.').slice(0, NAME_SHOWN),
      problem: issue.message,
    };
  });
  return { fields };
}

/** A page under the policy that says what it may load. */
export function pageOf(c: Context, { html, policy }: { html: string; policy: string }): Response {
  c.header('content-security-policy', policy);
  return c.html(html);
}
