/** The routes of the Open Inference Protocol; the model's name is the project's. */
import type { Context } from 'hono';
import * as v from 'valibot';
import { readJson } from '../../lib/serve/body.ts';
import { JSON_TYPE } from '../../lib/serve/http.ts';
import { json, type Route, type ServerParts } from '../../lib/serve/route.ts';
import { datatypeOf, inferProtocol, inferRequest } from './inference-protocol.ts';

const object = { type: 'object' };

export function inferenceRoutes(parts: ServerParts): Route[] {
  const { name, deployment, fleet, isReady, callerOf } = parts;
  const protocol = inferProtocol(parts);
  const { inputs, example } = fleet.current().model.loaded.signature;
  const ofModel = (c: Context, answer: () => Response | Promise<Response>) =>
    c.req.param('model') === name
      ? answer()
      : c.json({ error: `no such model: this server has ${name}` }, 404);
  const get = (id: string, path: string, what: string, description: string) => ({
    id,
    method: 'GET' as const,
    path,
    summary: `Open Inference Protocol: ${what}`,
    ok: { description, content: json(object) },
  });
  return [
    {
      ...get('v2_server', '/v2', 'the server', 'The server'),
      errors: [],
      handle: (c) => c.json(protocol.server()),
    },
    {
      ...get('v2_live', '/v2/health/live', 'is it up', 'Up'),
      errors: [],
      handle: (c) => c.json({ live: true }),
    },
    {
      ...get('v2_ready', '/v2/health/ready', 'is it ready', 'Ready'),
      errors: [503],
      handle: (c) => c.json({ ready: isReady() }, isReady() ? 200 : 503),
    },
    {
      ...get('v2_model', '/v2/models/:model', 'inputs and outputs', 'Inputs and outputs'),
      errors: [404],
      handle: (c) => ofModel(c, () => c.json(protocol.model())),
    },
    {
      ...get('v2_model_ready', '/v2/models/:model/ready', 'is the model ready', 'Ready'),
      errors: [404, 503],
      handle: (c) => ofModel(c, () => c.json({ name, ready: isReady() }, isReady() ? 200 : 503)),
    },
    {
      id: 'v2_infer',
      method: 'POST',
      path: '/v2/models/:model/infer',
      summary: 'Open Inference Protocol: predicts tensors',
      body: json(inferRequest, {
        inputs: inputs.map((input) => ({
          name: input.name,
          shape: [1],
          datatype: datatypeOf(input),
          data: [example[input.name]],
        })),
      }),
      ok: {
        description: 'Tensors of probability, class and id',
        content: json(v.record(v.string(), v.unknown())),
      },
      errors: [400, 404, 413, 503],
      keyed: true,
      handle: (c) =>
        ofModel(c, async () => {
          if (c.req.header('inference-header-content-length') !== undefined)
            return c.json({ error: 'binary tensors are not taken: send them as JSON' }, 400);
          const caller = callerOf(c);
          const body = await readJson(c, deployment.max_body_bytes, () => true);
          if ('refusal' in body) return body.refusal;
          const { status, body: answer } = await protocol.infer(body.value, caller);
          c.header('content-type', JSON_TYPE);
          return c.body(answer, status as 200);
        }),
    },
  ];
}
