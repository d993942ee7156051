/** POST /predict_batch: rows of a CSV or NDJSON stream, answered as they are scored. */
import type { Route, ServerParts } from '../../lib/serve/route.ts';
import { BATCH_TYPES, batchAnswers, openBatch } from './batch.ts';

export function batchRoutes({ fleet, predictor, deployment, callerOf, onError }: ServerParts): Route[] {
  const { example } = fleet.current().model.loaded.signature;
  const csv = [Object.keys(example), Object.values(example)].map((cells) => cells.join(',')).join('\n');
  return [
    {
      id: 'predict_batch',
      method: 'POST',
      path: '/predict_batch',
      summary: 'Predicts rows of a CSV or NDJSON stream',
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
      keyed: true,
      async handle(c) {
        const type = BATCH_TYPES.find((each) => c.req.header('content-type')?.startsWith(each));
        if (type === undefined)
          return c.json({ error: `content-type must be ${BATCH_TYPES.join(' or ')}` }, 415);
        const { model } = fleet.current();
        const opened = await openBatch(c.req.raw.body ?? [], type, model, deployment.max_body_bytes);
        if ('problem' in opened) return c.json({ error: opened.problem }, opened.status);
        c.header('content-type', `${type}; charset=utf-8`);
        const answers = batchAnswers(opened, predictor, callerOf(c), onError);
        return c.body(ReadableStream.from(answers) as ReadableStream);
      },
    },
  ];
}
