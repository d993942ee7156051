import * as v from 'valibot';
import { BUSY, Fault } from '../fault.ts';
import { EVENT_ID } from '../record/event-id.ts';
import { checkTraffic, type Traffic } from '../registry/pointers.ts';
import { readJson } from './body.ts';
import { docsFile, docsPage } from './docs.ts';
import { JSON_TYPE } from './http.ts';
import { reportRoutes } from './reports.ts';
import {
  checkFields,
  json,
  oneOrMany,
  pageOf,
  type Route,
  type ServerParts,
  text,
  withBody,
} from './route.ts';
import type { Senders } from './senders.ts';

export interface Label {
  /** Of the prediction. */
  readonly id: string;
  readonly label: string;
  readonly correction?: boolean | undefined;
}

/** Who may say what was true, and where it is kept. */
export interface Feedback extends Senders {
  /** Which of these ids were given to somebody. */
  areGiven(ids: readonly string[]): boolean[];
  record(labels: readonly Label[], by: string): Promise<void>;
}

export interface CoreParts extends ServerParts {
  /** The folder of reports, where they are served. */
  readonly reports: string | undefined;
  readonly feedback: Feedback;
  readonly document: () => Readonly<Record<string, unknown>>;
  readonly admin: {
    /** Undefined turns the routes off. */
    readonly token: string | undefined;
    readonly reload: () => void;
    /** Fails with a Fault that says what is wrong. */
    readonly route: (choose: (now: Traffic) => Traffic, reason: string) => Promise<void>;
  };
}

const version = v.pipe(v.string(), v.regex(/^v[1-9]\d*$/, 'must be a version such as v3'));
const percent = v.pipe(v.number(), v.gtValue(0, 'must be above 0'), v.maxValue(100, 'must be at most 100'));
const trafficSchema = v.strictObject({
  split: v.optional(v.record(version, percent)),
  shadow: v.optional(v.array(version)),
  reason: v.pipe(v.string('must be a text'), v.nonEmpty('must say why'), v.maxLength(200)),
});
const healthSchema = v.object({
  status: v.literal('ok'),
  model: v.pipe(v.string(), v.description('Version that answers')),
  sha256: v.pipe(v.string(), v.description('Of its model.json')),
  since: v.string(),
  traffic: v.array(v.object({ version: v.string(), percent: v.number() })),
  refused: v.optional(v.array(v.object({ version: v.string(), problem: v.string() }))),
});
const FIELDS_SHOWN = 100;
const readySchema = v.object({ ready: v.boolean() });
const object = { type: 'object' };

/** One label: a class of the model, as text or as the number that it looks like. */
function labelSchema(classes: readonly string[]) {
  const must = `must be one of ${classes.join(', ')}`;
  const id = 'must be the id of a prediction';
  return v.strictObject(
    {
      id: v.pipe(v.string(id), v.regex(EVENT_ID, id)),
      label: v.pipe(v.union([v.string(), v.number()], must), v.transform(String), v.picklist(classes, must)),
      correction: v.optional(v.boolean('must be true or false')),
    },
    'must have id and label, may have correction, and nothing else',
  );
}

export function coreRoutes(parts: CoreParts): Route[] {
  const { name, deployment, fleet, predictor, isReady, feedback, admin } = parts;
  const { max_body_bytes: maxBytes, max_rows: maxRows } = deployment;
  const { signature } = fleet.current().model.loaded;
  const { classes } = signature.output;
  const label = labelSchema(classes);
  const page = { 'text/html': { schema: { type: 'string' } } };
  const trafficNow = () => {
    const { model, split } = fleet.current();
    return split?.text ?? `${model.version}=100`;
  };
  return [
    ...reportRoutes(parts.reports),
    {
      id: 'health',
      method: 'GET',
      path: '/health',
      summary: 'Whether the server is up, and which bytes answer',
      ok: { description: 'The server is up', content: json(healthSchema) },
      errors: [],
      handle(c) {
        const { model, split } = fleet.current();
        const refused = fleet.refused();
        return c.json({
          status: 'ok',
          model: model.version,
          sha256: model.sha256,
          since: model.since,
          traffic: (split?.weights ?? [[model.version, 100] as const]).map(([version, percent]) => ({
            version,
            percent,
          })),
          ...(refused.length === 0 ? {} : { refused }),
        });
      },
    },
    {
      id: 'ready',
      method: 'GET',
      path: '/ready',
      summary: 'Whether to send traffic',
      ok: { description: 'Send traffic', content: json(readySchema) },
      errors: [503],
      handle: (c) => c.json({ ready: isReady() }, isReady() ? 200 : 503),
    },
    {
      id: 'model_info',
      method: 'GET',
      path: '/model_info',
      summary: 'The model, its metrics and its signature',
      ok: { description: 'The model', content: json(object) },
      errors: [],
      handle(c) {
        const { version, sha256, thresholds, loaded } = fleet.current().model;
        const { algorithm, source, data, training_date, metrics } = loaded.metadata;
        const about = { model: version, sha256, algorithm, source, data, training_date, metrics };
        return c.json({ ...about, thresholds, signature: loaded.signature });
      },
    },
    {
      id: 'metrics',
      method: 'GET',
      path: '/metrics',
      summary: 'Counters of the server in the Prometheus text format',
      ok: { description: 'Prometheus text format 0.0.4', content: text('text/plain') },
      errors: [],
      async handle(c) {
        c.header('content-type', 'text/plain; version=0.0.4; charset=utf-8');
        return c.body(await parts.metricsText());
      },
    },
    {
      id: 'openapi',
      method: 'GET',
      path: '/openapi.json',
      summary: 'This document',
      ok: { description: 'OpenAPI 3.1', content: json(object) },
      errors: [],
      handle: (c) => c.json(parts.document()),
    },
    {
      id: 'docs',
      method: 'GET',
      path: '/docs',
      summary: 'This document as a page to try it with',
      ok: { description: 'Swagger UI', content: page },
      errors: [],
      handle: (c) => pageOf(c, docsPage(name)),
    },
    {
      id: 'docs_file',
      method: 'GET',
      path: '/docs/:file',
      summary: 'A file of that page',
      examples: { file: 'swagger-ui.css' },
      ok: {
        description: 'A script or a style sheet',
        content: { ...text('text/javascript'), ...text('text/css') },
      },
      errors: [404],
      async handle(c) {
        const file = await docsFile(c.req.param('file') ?? '');
        if (file === undefined) return c.json({ error: 'no such file' }, 404);
        c.header('content-type', file.type);
        c.header('cache-control', 'public, max-age=86400');
        return c.body(file.body);
      },
    },
    {
      id: 'predict',
      method: 'POST',
      path: '/predict',
      summary: 'Predicts one row or a list of rows',
      body: json(oneOrMany('Row', maxRows), signature.example),
      ok: {
        description: 'One prediction, or a list in the order of the rows; each is on record under its id',
        content: json(oneOrMany('Prediction')),
      },
      errors: [400, 413, 415, 503],
      keyed: true,
      query: [
        {
          name: 'confidence',
          description:
            'Adds the set of classes that holds the true one with this confidence, whichever it is, and whether that says nothing (abstain)',
          schema: { type: 'number', minimum: 0.5, exclusiveMaximum: 1 },
          example: 0.9,
        },
      ],
      /** What is out of the ordinary: a plain request has a lane of its own (listener.ts). */
      async handle(c) {
        const caller = parts.callerOf(c);
        const asked = c.req.query('confidence');
        const confidence = asked === undefined ? undefined : Number(asked);
        if (confidence !== undefined && !(asked!.trim() !== '' && confidence >= 0.5 && confidence < 1))
          return c.json({ error: 'confidence must be a number from 0.5 to below 1' }, 400);
        if (confidence !== undefined && fleet.current().model.sets(confidence) === undefined)
          return c.json({ error: 'this version was trained before sets: train again' }, 400);
        const body = await readJson(c, maxBytes);
        if ('refusal' in body) return body.refusal;
        const { status, body: answer } = await predictor.answer(body.value, caller, confidence);
        c.header('content-type', JSON_TYPE);
        return c.body(answer, status as 200);
      },
    },
    {
      id: 'feedback',
      method: 'POST',
      path: '/feedback',
      summary: 'Records the truth of predictions: of each once, and after that only as a correction',
      ...(deployment.feedback.senders === 'keys' ? { sender: true } : {}),
      body: json(v.union([label, v.pipe(v.array(label), v.minLength(1), v.maxLength(maxRows))]), {
        id: 'c0ffee'.padEnd(28, '0'),
        label: classes[1],
      }),
      ok: {
        description: 'How many labels were recorded',
        content: json(v.object({ recorded: v.pipe(v.number(), v.integer()) })),
      },
      errors: [400, 401, 413, 415, 429, 503],
      async handle(c) {
        const by = feedback.nameOf(c.req.header('authorization'));
        if (by === undefined)
          return c.json({ error: 'the key of a sender is needed' }, 401, { 'www-authenticate': 'Bearer' });
        const { classes: known } = fleet.current().model.loaded.signature.output;
        return withBody(c, deployment, v.unknown(), async (body) => {
          const labels = Array.isArray(body) ? (body as unknown[]) : [body];
          if (labels.length === 0) return c.json({ error: 'the list of labels is empty' }, 400);
          if (labels.length > maxRows)
            return c.json({ error: `at most ${maxRows} labels in one request` }, 413);
          const checked = checkFields(v.array(labelSchema(known)), labels);
          if ('fields' in checked) return c.json({ error: 'invalid input', fields: checked.fields }, 400);
          const given = feedback.areGiven(checked.value.map(({ id }) => id));
          const fields = given.flatMap((isGiven, row) =>
            isGiven
              ? []
              : [{ row, field: 'id', problem: 'is the id of no prediction that this server gave' }],
          );
          if (fields.length > 0)
            return c.json({ error: 'invalid input', fields: fields.slice(0, FIELDS_SHOWN) }, 400);
          if (!feedback.mayAdd(by, labels.length))
            return c.json({ error: `${by} has sent as many labels as it may in this hour` }, 429);
          await feedback.record(checked.value, by);
          return c.json({ recorded: labels.length });
        });
      },
    },
    {
      id: 'admin_reload',
      method: 'POST',
      path: '/admin/reload',
      summary: 'Looks at the registry again',
      admin: true,
      ok: { description: 'What answers now', content: json(object) },
      errors: [401],
      handle(c) {
        admin.reload();
        const { model } = fleet.current();
        return c.json({ model: model.version, traffic: trafficNow(), refused: fleet.refused() });
      },
    },
    {
      id: 'admin_routes',
      method: 'POST',
      path: '/admin/routes',
      summary: 'Shares the traffic among versions',
      admin: true,
      body: json(trafficSchema, { split: {}, shadow: [], reason: 'all traffic back to the model' }),
      ok: { description: 'Who answers now', content: json(object) },
      errors: [400, 401, 413, 415],
      handle: (c) =>
        withBody(c, deployment, trafficSchema, async ({ split, shadow, reason }) => {
          try {
            await admin.route(
              (now) => checkTraffic({ split: split ?? now.split, shadow: shadow ?? now.shadow }),
              reason,
            );
          } catch (error) {
            if (error instanceof Fault && error.code !== BUSY) return c.json({ error: error.message }, 400);
            throw error;
          }
          return c.json({ traffic: trafficNow() });
        }),
    },
  ];
}
