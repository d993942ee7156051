/** The API, built without listening: test it with app.request(). */
import { randomBytes } from 'node:crypto';
import type { Context } from 'hono';
import { Hono } from 'hono';
import * as v from 'valibot';
import type { ParsedRow } from './input.ts';
import { type Label, PREDICTION_ID } from './labels.ts';
import type { PredictionLine, RefusalLine } from './prediction-log.ts';
import type { ServedModel } from './served-model.ts';

export interface AppOptions {
  /** The model that answers now. */
  readonly served: () => ServedModel;
  /** Puts lines on record; what it does not take is not answered. */
  readonly record: (lines: readonly (PredictionLine | RefusalLine)[]) => void;
  readonly recordLabels: (labels: readonly Label[], time: string) => void;
  readonly isReady: () => boolean;
  /** A version that should have gone live and was refused. */
  readonly refused: () => { version: string; problem: string } | undefined;
  readonly maxRows: number;
  readonly maxBodyBytes: number;
  readonly now?: () => Date;
}

const REQUEST_ID = /^[\w.:-]{1,64}$/;

export function createApp(options: AppOptions): Hono {
  const { served, record, now = () => new Date() } = options;
  const app = new Hono();

  app.get('/health', (c) => {
    const { version, sha256, since } = served();
    const refused = options.refused();
    return c.json({
      status: 'ok',
      model: version,
      sha256,
      since,
      ...(refused === undefined ? {} : { refused }),
    });
  });

  app.get('/ready', (c) => (options.isReady() ? c.json({ ready: true }) : c.json({ ready: false }, 503)));

  app.get('/model_info', (c) => {
    const { version, sha256, threshold, loaded } = served();
    const { algorithm, source, data, training_date, metrics } = loaded.metadata;
    const { signature } = loaded;
    return c.json({
      model: version,
      sha256,
      algorithm,
      source,
      data,
      training_date,
      metrics,
      threshold,
      signature,
    });
  });

  app.post('/predict', async (c) => {
    const start = performance.now();
    const body = await readBody(c, options.maxBodyBytes);
    if ('refusal' in body) return body.refusal;
    const many = Array.isArray(body.value);
    const rows = many ? (body.value as unknown[]) : [body.value];
    if (rows.length === 0) return c.json({ error: 'the list of rows is empty' }, 400);
    if (rows.length > options.maxRows)
      return c.json({ error: `at most ${options.maxRows} rows in one request` }, 413);
    const model = served();
    const parsed = model.parse(rows);
    if ('problems' in parsed) {
      const problems = parsed.problems.map(({ field, problem }) => ({ field, problem }));
      record([
        {
          id: newId(),
          time: now().toISOString(),
          route: 'refused',
          model: model.version,
          problems: problems.slice(0, 20),
          ...requestOf(c.req.header('x-request-id')),
        },
      ]);
      return c.json({ error: 'invalid input', fields: parsed.problems }, 400);
    }
    const lines = predict(model, parsed.rows, c.req.header('x-request-id'), start);
    record(lines);
    const answers = lines.map(({ id, probability, class: label }) => ({
      id,
      model: model.version,
      sha256: model.sha256,
      probability,
      class: label,
    }));
    return c.json(many ? answers : answers[0]!);
  });

  app.post('/feedback', async (c) => {
    const body = await readBody(c, options.maxBodyBytes);
    if ('refusal' in body) return body.refusal;
    const labels = Array.isArray(body.value) ? body.value : [body.value];
    const { classes } = served().loaded.signature.output;
    const schema = v.array(
      v.strictObject({
        id: v.pipe(
          v.string('must be the id of a prediction'),
          v.regex(PREDICTION_ID, 'must be the id of a prediction'),
        ),
        label: v.pipe(
          v.union([v.string(), v.number()]),
          v.transform(String),
          v.picklist(classes, `must be one of ${classes.join(', ')}`),
        ),
      }),
    );
    const checked = v.safeParse(schema, labels);
    if (!checked.success) {
      const fields = checked.issues.map(({ path, message, type }) => ({
        row: path?.[0]?.key ?? 0,
        field: type === 'strict_object' ? '' : String(path?.[1]?.key ?? ''),
        problem:
          type === 'strict_object'
            ? 'must have id and label and nothing else'
            : type === 'union'
              ? `must be one of ${classes.join(', ')}`
              : message,
      }));
      return c.json({ error: 'invalid input', fields }, 400);
    }
    options.recordLabels(checked.output, now().toISOString());
    return c.json({ recorded: checked.output.length });
  });

  const methods: Record<string, string> = {
    '/health': 'GET',
    '/ready': 'GET',
    '/model_info': 'GET',
    '/predict': 'POST',
    '/feedback': 'POST',
  };
  app.notFound((c) => {
    const allowed = methods[c.req.path];
    if (allowed === undefined) return c.json({ error: 'no such route', routes: Object.keys(methods) }, 404);
    return c.json({ error: `use ${allowed}` }, 405, { allow: allowed });
  });
  app.onError((error, c) => {
    const unavailable = typeof (error as NodeJS.ErrnoException).syscall === 'string';
    console.error(unavailable ? error.message : error);
    return unavailable
      ? c.json({ error: 'this prediction could not be put on record, so it is not given' }, 503)
      : c.json({ error: 'internal error' }, 500);
  });
  return app;

  function predict(
    model: ServedModel,
    rows: readonly ParsedRow[],
    requestId: string | undefined,
    start: number,
  ): PredictionLine[] {
    const probabilities = model.score(rows);
    const time = now().toISOString();
    const latency_ms = Math.round((performance.now() - start) * 1000) / 1000;
    return rows.map(({ ids, input }, i) => ({
      id: newId(),
      time,
      model: model.version,
      sha256: model.sha256,
      route: 'champion',
      ids,
      input,
      probability: probabilities[i]!,
      class: model.classOf(probabilities[i]!),
      latency_ms,
      ...requestOf(requestId),
    }));
  }
}

/** What the log keeps of an x-request-id: nothing unless it is well-formed. */
function requestOf(id: string | undefined): { request?: string } {
  return id !== undefined && REQUEST_ID.test(id) ? { request: id } : {};
}

function newId(): string {
  return randomBytes(10).toString('hex');
}

/** The JSON body, or the answer that refuses it. Reading stops at the limit whatever content-length says. */
async function readBody(c: Context, maxBytes: number): Promise<{ value: unknown } | { refusal: Response }> {
  const type = c.req.header('content-type') ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type))
    return { refusal: c.json({ error: 'content-type must be application/json' }, 415) };
  const tooLarge = () => ({ refusal: c.json({ error: `the body may have at most ${maxBytes} bytes` }, 413) });
  if (Number(c.req.header('content-length') ?? 0) > maxBytes) return tooLarge();
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of c.req.raw.body ?? []) {
    size += piece.length;
    if (size > maxBytes) return tooLarge();
    pieces.push(piece);
  }
  try {
    return { value: JSON.parse(Buffer.concat(pieces).toString('utf8')) };
  } catch {
    return { refusal: c.json({ error: 'the body is not valid JSON' }, 400) };
  }
}
