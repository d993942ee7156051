/** The OpenAPI 3.1 document: every route, every error, examples from the model's signature. */
import type { Config } from '../config/schema.ts';
import { BATCH_TYPES } from './batch.ts';
import { type Json, object, ref, schemasOf } from './openapi-schemas.ts';
import { EXPLAINED_ROWS, ROUTES, type RouteId } from './routes.ts';
import type { ServedModel } from './served-model.ts';

/** What an operation takes and gives, besides the errors that every one may have. */
interface Operation {
  readonly body?: Json;
  readonly ok: { readonly description: string; readonly content?: Json };
  /** Statuses of the errors that this operation may answer. */
  readonly errors: readonly (keyof typeof ERRORS)[];
  readonly headers?: readonly Json[];
}

const ERRORS = {
  400: 'The body is not what this route takes; fields names each wrong field of each row',
  401: 'The bearer token is missing or wrong',
  403: 'A page of another origin sent it, and deployment.cors does not name that',
  404: 'There is no such thing',
  413: 'The body or the list is too long',
  415: 'The content type is not one that this route takes',
  500: 'The server failed; what happened is in its log',
  503: 'Not ready, or the answer could not be put on record',
} as const;

const ofJson = (schema: Json, example?: unknown) => ({
  'application/json': example === undefined ? { schema } : { schema, example },
});

export function openApiDocument(
  name: string,
  model: ServedModel,
  { max_rows, max_body_bytes, traffic, port, host }: Config['deployment'],
  withAdmin: boolean,
): Json {
  const { signature } = model.loaded;
  const { inputs, example, output } = signature;
  const id = 'c0ffee'.padEnd(20, '0');
  const prediction = {
    id,
    model: model.version,
    sha256: model.sha256,
    ...model.give(new Float64Array(output.outputs.length).fill(1 / output.classes.length), 0),
  };
  const key = {
    name: traffic.key_header,
    in: 'header',
    required: false,
    description: 'Requests with the same value get the same version while traffic is split',
    schema: { type: 'string', pattern: '^[\\w.:@+-]{1,128}$' },
  };
  const page = (description: string) => ({
    description,
    content: { 'text/html': { schema: { type: 'string' } } },
  });
  const csv = [Object.keys(example), Object.values(example)].map((cells) => cells.join(',')).join('\n');

  const operations: Record<RouteId, Operation> = {
    status: { ok: page('The status page'), errors: [] },
    status_form: {
      body: {
        'application/x-www-form-urlencoded': {
          schema: { type: 'object', additionalProperties: { type: 'string' } },
          example,
        },
      },
      ok: page('The status page with the prediction, or with what is wrong in the form'),
      errors: [413, 415, 503],
    },
    health: { ok: { description: 'The server is up', content: ofJson(ref('Health')) }, errors: [] },
    ready: {
      ok: { description: 'Send traffic', content: ofJson(object({ ready: { type: 'boolean' } })) },
      errors: [503],
    },
    model_info: { ok: { description: 'The model', content: ofJson({ type: 'object' }) }, errors: [] },
    metrics: {
      ok: {
        description: 'Prometheus text format 0.0.4',
        content: { 'text/plain': { schema: { type: 'string' } } },
      },
      errors: [],
    },
    openapi: { ok: { description: 'OpenAPI 3.1', content: ofJson({ type: 'object' }) }, errors: [] },
    docs: { ok: page('Swagger UI'), errors: [] },
    docs_file: {
      ok: {
        description: 'A script or a style sheet',
        content: {
          'text/javascript': { schema: { type: 'string' } },
          'text/css': { schema: { type: 'string' } },
        },
      },
      errors: [404],
    },
    predict: {
      body: ofJson(
        { oneOf: [ref('Row'), { type: 'array', items: ref('Row'), minItems: 1, maxItems: max_rows }] },
        example,
      ),
      ok: {
        description: 'One prediction, or a list in the order of the rows; each is on record under its id',
        content: ofJson(
          { oneOf: [ref('Prediction'), { type: 'array', items: ref('Prediction') }] },
          prediction,
        ),
      },
      errors: [400, 413, 415, 503],
      headers: [key],
    },
    explain: {
      body: ofJson(
        { oneOf: [ref('Row'), { type: 'array', items: ref('Row'), minItems: 1, maxItems: EXPLAINED_ROWS }] },
        example,
      ),
      ok: {
        description:
          'What each input adds: base and contributions add up to the output. Explains the model, whatever the split, and puts nothing on record',
        content: ofJson({ oneOf: [ref('Explanation'), { type: 'array', items: ref('Explanation') }] }),
      },
      errors: [400, 413, 415],
    },
    predict_batch: {
      body: {
        [BATCH_TYPES[0]]: { schema: { type: 'string', description: 'A header, then rows' }, example: csv },
        [BATCH_TYPES[1]]: {
          schema: { type: 'string', description: 'A row as JSON on each line' },
          example: JSON.stringify(example),
        },
      },
      ok: {
        description:
          'A line for each row, in their order, as the rows are scored; a wrong row has a problem in place of a probability',
        content: Object.fromEntries(BATCH_TYPES.map((type) => [type, { schema: { type: 'string' } }])),
      },
      errors: [400, 413, 415, 503],
      headers: [key],
    },
    feedback: {
      body: ofJson(
        { oneOf: [ref('Label'), { type: 'array', items: ref('Label'), minItems: 1, maxItems: max_rows }] },
        { id, label: output.classes[1] },
      ),
      ok: {
        description: 'How many labels were recorded',
        content: ofJson(object({ recorded: { type: 'integer' } })),
      },
      errors: [400, 413, 415, 503],
    },
    monitor: {
      body: ofJson(
        object(
          { metrics: { type: 'array', items: { type: 'object' } }, drift: { type: ['object', 'null'] } },
          ['metrics'],
        ),
        {
          metrics: [
            { ts: '2026-01-01T00:00:00Z', roc_auc: 0.9, pr_auc: 0.6, latency_p95_ms: 120 },
            { ts: '2026-01-02T00:00:00Z', roc_auc: 0.86, pr_auc: 0.59, latency_p95_ms: 130 },
          ],
          drift: { threshold: 0.2, overall_drift: false, features: { age: 0.05 } },
        },
      ),
      ok: {
        description: 'The plan, as make agent writes it; without a body, from the last runs of make monitor',
        content: ofJson(ref('Plan')),
      },
      errors: [400, 413, 415],
    },
    admin_reload: {
      ok: { description: 'What answers now', content: ofJson({ type: 'object' }) },
      errors: [401],
    },
    admin_routes: {
      body: ofJson(
        object(
          {
            split: {
              type: 'object',
              additionalProperties: { type: 'number', exclusiveMinimum: 0, maximum: 100 },
            },
            shadow: { type: 'array', items: { type: 'string', pattern: '^v[1-9]\\d*$' } },
            reason: { type: 'string', minLength: 1, maxLength: 200 },
          },
          ['reason'],
        ),
        { split: {}, shadow: [], reason: 'all traffic back to the model' },
      ),
      ok: { description: 'Who answers now', content: ofJson({ type: 'object' }) },
      errors: [400, 401, 413, 415],
    },
    v2_server: { ok: { description: 'The server', content: ofJson({ type: 'object' }) }, errors: [] },
    v2_live: {
      ok: { description: 'Up', content: ofJson(object({ live: { type: 'boolean' } })) },
      errors: [],
    },
    v2_ready: {
      ok: { description: 'Ready', content: ofJson(object({ ready: { type: 'boolean' } })) },
      errors: [503],
    },
    v2_model: {
      ok: { description: 'Inputs and outputs', content: ofJson({ type: 'object' }) },
      errors: [404],
    },
    v2_model_ready: { ok: { description: 'Ready', content: ofJson({ type: 'object' }) }, errors: [404, 503] },
    v2_infer: {
      body: ofJson(ref('InferRequest'), {
        inputs: inputs.map((input) => ({
          name: input.name,
          shape: [1],
          datatype: input.categories ? 'BYTES' : input.type === 'integer' ? 'INT64' : 'FP64',
          data: [example[input.name]],
        })),
      }),
      ok: { description: 'Tensors of probability, class and id', content: ofJson({ type: 'object' }) },
      errors: [400, 404, 413, 503],
      headers: [key],
    },
  };

  const paths: Record<string, Record<string, Json>> = {};
  for (const route of ROUTES) {
    if ('admin' in route && !withAdmin) continue;
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    const { body, ok, errors, headers = [] } = operations[route.id];
    const parameters = [
      ...[...route.path.matchAll(/:(\w+)/g)].map(([, parameter]) => ({
        name: parameter,
        in: 'path',
        required: true,
        schema: { type: 'string' },
        example: parameter === 'model' ? name : 'swagger-ui.css',
      })),
      ...headers,
    ];
    paths[path] = {
      ...paths[path],
      [route.method.toLowerCase()]: {
        operationId: route.id,
        summary: route.summary,
        ...(parameters.length === 0 ? {} : { parameters }),
        ...(body === undefined ? {} : { requestBody: { required: true, content: body } }),
        ...('admin' in route ? { security: [{ admin: [] }] } : {}),
        responses: {
          200: ok,
          ...Object.fromEntries(
            [...errors, ...(route.method === 'POST' ? [403 as const] : []), 500 as const].map((status) => [
              status,
              {
                description: ERRORS[status],
                content: ofJson(status === 503 ? { type: 'object' } : ref('Error')),
              },
            ]),
          ),
        },
      },
    };
  }

  return {
    openapi: '3.1.0',
    info: {
      title: name,
      version: model.version,
      description: `Predicts ${output.target} with ${model.loaded.metadata.algorithm}. A body may have at most ${max_body_bytes} bytes. Every prediction is on record before it is given.`,
    },
    servers: port === 0 ? [{ url: '/' }] : [{ url: '/' }, { url: `http://${host}:${port}` }],
    paths,
    components: {
      schemas: schemasOf(signature),
      ...(withAdmin ? { securitySchemes: { admin: { type: 'http', scheme: 'bearer' } } } : {}),
    },
  };
}
