/** The status page, and the form on it. */
import { parseNumber } from '../../lib/data/columns.ts';
import { readText } from '../../lib/serve/body.ts';
import { PROBLEMS } from '../../lib/serve/http.ts';
import { pageOf, type Route, type ServerParts } from '../../lib/serve/route.ts';
import type { SignatureInput } from '../../lib/train/signature.ts';
import { statusPage } from './page.ts';
import type { StatusPage } from './status.ts';

const PAGE = { 'text/html': { schema: { type: 'string' } } };

export function statusRoutes(
  gather: (parts: ServerParts) => Promise<StatusPage>,
): (parts: ServerParts) => Route[] {
  return (parts) => {
    const { fleet, predictor } = parts;
    const { max_body_bytes } = parts.deployment;
    return [
      {
        id: 'status',
        method: 'GET',
        path: '/',
        summary: 'What is live and how it does, as a page',
        ok: { description: 'The status page', content: PAGE },
        errors: [],
        handle: async (c) => pageOf(c, await statusPage(await gather(parts))),
      },
      {
        id: 'status_form',
        method: 'POST',
        path: '/',
        summary: 'A prediction by the form of that page',
        body: {
          'application/x-www-form-urlencoded': {
            schema: { type: 'object', additionalProperties: { type: 'string' } },
            example: fleet.current().model.loaded.signature.example,
          },
        },
        ok: {
          description: 'The status page with the prediction, or with what is wrong in the form',
          content: PAGE,
        },
        errors: [413, 415, 503],
        async handle(c) {
          if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(c.req.header('content-type') ?? ''))
            return c.json({ error: 'content-type must be application/x-www-form-urlencoded' }, 415);
          const caller = parts.callerOf(c);
          const body = await readText(c, max_body_bytes);
          if (body === undefined) return c.json({ error: PROBLEMS.tooLarge(max_body_bytes) }, 413);
          const values = Object.fromEntries(new URLSearchParams(body));
          const row = formRow(values, fleet.current().model.loaded.signature.inputs);
          const predictions = await predictor.all([row], caller);
          const answer = 'problems' in predictions ? { problems: predictions.problems } : predictions[0]!;
          return pageOf(c, await statusPage(await gather(parts), { values, answer }));
        },
      },
    ];
  };
}

/** What a form sends are texts: numbers where the input is one, null where the field was left empty. */
function formRow(
  values: Readonly<Record<string, string>>,
  inputs: readonly SignatureInput[],
): Record<string, unknown> {
  return Object.fromEntries(
    inputs.map(({ name, categories }) => {
      const text = Object.hasOwn(values, name) ? values[name]!.trim() : '';
      if (text === '') return [name, null];
      return [name, categories === undefined ? (parseNumber(text) ?? text) : text];
    }),
  );
}
