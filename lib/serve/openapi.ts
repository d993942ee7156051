/** The OpenAPI 3.1 document of a table of routes, with the rows that the model of the moment takes and gives. */
import type { Config } from '../config/schema.ts';
import type { ServedModel } from '../predict/served-model.ts';
import { ERRORS, type Json, json, type Route, ref } from './route.ts';
import { rowSchemas } from './row-schemas.ts';

export function openApiDocument(
  routes: readonly Route[],
  name: string,
  model: ServedModel,
  { max_body_bytes, traffic, port, host }: Config['deployment'],
): Json {
  const key = {
    name: traffic.key_header,
    in: 'header',
    required: false,
    description: 'Requests with the same value get the same version while traffic is split',
    schema: { type: 'string', pattern: '^[\\w.:@+-]{1,128}$' },
  };
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    const parameters = [
      ...[...route.path.matchAll(/:(\w+)/g)].map(([, parameter]) => ({
        name: parameter,
        in: 'path',
        required: true,
        schema: { type: 'string' },
        example: route.examples?.[parameter!] ?? name,
      })),
      ...(route.query ?? []).map((each) => ({ ...each, in: 'query', required: false })),
      ...(route.keyed ? [key] : []),
    ];
    paths[path] = {
      ...paths[path],
      [route.method.toLowerCase()]: {
        operationId: route.id,
        summary: route.summary,
        ...(parameters.length === 0 ? {} : { parameters }),
        ...(route.body === undefined ? {} : { requestBody: { required: true, content: route.body } }),
        ...(route.admin || route.sender ? { security: [{ [route.admin ? 'admin' : 'sender']: [] }] } : {}),
        responses: responsesOf(route),
      },
    };
  }
  const bearer = { type: 'http', scheme: 'bearer' };
  const schemes = {
    ...(routes.some(({ admin }) => admin) ? { admin: bearer } : {}),
    ...(routes.some(({ sender }) => sender) ? { sender: bearer } : {}),
  };
  return {
    openapi: '3.1.0',
    info: {
      title: name,
      version: model.version,
      description: `Predicts ${model.loaded.signature.output.target} with ${model.loaded.metadata.algorithm}. A body may have at most ${max_body_bytes} bytes. Every prediction is on record before it is given.`,
    },
    servers: port === 0 ? [{ url: '/' }] : [{ url: '/' }, { url: `http://${host}:${port}` }],
    paths,
    components: {
      schemas: rowSchemas(model.loaded.signature),
      ...(Object.keys(schemes).length > 0 ? { securitySchemes: schemes } : {}),
    },
  };
}

function responsesOf({ ok, errors, method }: Route): Json {
  const all = [...errors, ...(method === 'POST' ? [403 as const] : []), 421 as const, 500 as const];
  return {
    200: ok,
    ...Object.fromEntries(
      all.map((status) => [
        status,
        { description: ERRORS[status], content: json(status === 503 ? { type: 'object' } : ref('Error')) },
      ]),
    ),
  };
}
