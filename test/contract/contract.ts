/** What every table of routes promises: the app answers it and no other, and does what its document says. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Hono } from 'hono';
import { SENDER_KEY, type Served } from './served.ts';

export const TOKEN = 'a long enough token';

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { name: string; in: string; example?: string }[];
  readonly requestBody?: { content: Record<string, { schema: object; example?: unknown }> };
  readonly responses: Record<string, { content?: Record<string, { schema: object }> }>;
  readonly security?: readonly object[];
}

export interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { schemas: Record<string, object> };
}

export async function document(app: Hono): Promise<Document> {
  return (await (await app.request('/openapi.json')).json()) as Document;
}

export function validator({ components }: Document) {
  const ajv = new Ajv2020({ strict: false, formats: { 'date-time': true } });
  ajv.addSchema({ $id: 'doc', components });
  return (schema: object) =>
    ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"doc#/components')) as object);
}

const asText = (body: unknown) => (typeof body === 'string' ? body : JSON.stringify(body));
const formOf = (example: unknown) => new URLSearchParams(example as Record<string, string>).toString();

/** Registers the tests for the routes of an API. */
export function routesKeepTheirWord(what: string, make: () => Promise<Served>): void {
  let api: Served;
  before(async () => {
    api = await make();
  });

  test(`${what}: the app answers the routes of the table and no other`, () => {
    const inApp = new Set(
      api.app.routes
        .filter(({ method, path }) => method !== 'ALL' && path !== '/*')
        .map((r) => `${r.method} ${r.path}`),
    );
    assert.deepEqual([...inApp].sort(), [...new Set(api.routes.map((r) => `${r.method} ${r.path}`))].sort());
  });

  test(`${what}: the document describes every route, and only routes that are there`, async () => {
    const { paths, openapi } = await document(api.app);
    assert.match(openapi, /^3\.1\./);
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(
        ([method, { operationId }]) => `${operationId} ${method.toUpperCase()} ${path}`,
      ),
    );
    assert.deepEqual(
      described.sort(),
      api.routes.map(({ id, method, path }) => `${id} ${method} ${path.replace(/:(\w+)/g, '{$1}')}`).sort(),
    );
  });

  test(`${what}: each operation does with its own example what its document says`, async () => {
    const doc = await document(api.app);
    const compile = validator(doc);
    for (const [template, methods] of Object.entries(doc.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        const path = template.replace(/\{(\w+)\}/g, (_, name: string) =>
          encodeURIComponent(operation.parameters!.find((p) => p.name === name)!.example!),
        );
        const bodies = Object.entries(
          operation.requestBody?.content ?? { '': { schema: {}, example: undefined } },
        );
        for (const [type, { schema, example }] of bodies) {
          const isForm = type === 'application/x-www-form-urlencoded';
          if (type === 'application/json')
            assert.ok(compile(schema)(example), `${path}: its example fits its schema`);
          const response = await api.app.request(path, {
            method: method.toUpperCase(),
            headers: {
              ...(type === '' ? {} : { 'content-type': type }),
              ...(operation.security === undefined ? {} : { authorization: bearerFor(operation.security) }),
            },
            ...(type === '' ? {} : { body: isForm ? formOf(example) : asText(example) }),
          });
          const said = operation.responses[String(response.status)];
          const text = await response.text();
          assert.equal(response.status, 200, `${method} ${path} ${type}: ${text}`);
          const given = response.headers.get('content-type')!.split(';')[0]!;
          const promised = said?.content?.[given];
          assert.ok(
            promised !== undefined,
            `${path} answers ${given}, promised ${Object.keys(said?.content ?? {})}`,
          );
          if (given === 'application/json') {
            const check = compile(promised.schema);
            assert.ok(check(JSON.parse(text)), `${path}: ${JSON.stringify(check.errors)}`);
          }
        }
      }
    }
  });

  test(`${what}: every answer carries the security headers and the id of its request`, async () => {
    for (const { method, path } of api.routes) {
      for (const wanted of [method, method === 'GET' ? 'POST' : 'DELETE', 'PATCH']) {
        const url = path.replace(/:\w+/, 'x');
        const response = await api.app.request(url, {
          method: wanted,
          headers: { 'x-request-id': 'call-7' },
        });
        assert.equal(response.headers.get('x-content-type-options'), 'nosniff', `${wanted} ${url}`);
        assert.match(response.headers.get('content-security-policy') ?? '', /default-src 'none'/);
        assert.equal(response.headers.get('x-request-id'), 'call-7');
        assert.notEqual(response.status, 500, `${wanted} ${url}`);
      }
    }
    const strange = await api.app.request('/health', { headers: { 'x-request-id': '<script>' } });
    assert.equal(strange.headers.get('x-request-id'), null, 'what is not well-formed is not repeated');
  });
}

/** Requests that must fail with a status that the document names, in the form that it gives errors. */
export function errorsAreNamed(
  what: string,
  make: () => Promise<Served>,
  requests: readonly (readonly [id: string, path: string, init: RequestInit, status: number])[],
): void {
  test(`${what}: errors are those that the document names, in the form that it gives them`, async () => {
    const api = await make();
    const doc = await document(api.app);
    const isError = validator(doc)({ $ref: '#/components/schemas/Error' });
    const operations = Object.values(doc.paths).flatMap((methods) => Object.values(methods));
    for (const [id, path, init, status] of requests) {
      const headers = { authorization: `Bearer ${SENDER_KEY}`, ...init.headers };
      const response = await api.app.request(path, { ...init, headers });
      assert.equal(response.status, status, `${path} ${JSON.stringify(init)}`);
      const operation = operations.find(({ operationId }) => operationId === id)!;
      assert.ok(String(status) in operation.responses, `${id} ${status}`);
      assert.ok(isError(await response.json()), path);
    }
  });
}

/** The secret of the one who may. */
function bearerFor([needed]: readonly object[]): string {
  return `Bearer ${'sender' in needed! ? SENDER_KEY : TOKEN}`;
}

/** A POST of this body. */
export function posted(body: string, type = 'application/json'): RequestInit {
  return { method: 'POST', headers: { 'content-type': type }, body };
}
