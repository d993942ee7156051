/** The API, built without listening: test it with app.request(). */
import type { IncomingHttpHeaders } from 'node:http';
import type { Context, Handler } from 'hono';
import { Hono } from 'hono';
import { cors } from 'hono/cors';
import * as v from 'valibot';
import { checkPoints, type Observation, readDrift } from '../agent/observe.ts';
import { makePlan } from '../agent/plan.ts';
import type { Config } from '../config/schema.ts';
import { BUSY, Fault } from '../fault.ts';
import { checkTraffic, type Traffic } from '../registry/pointers.ts';
import { BATCH_TYPES, batchAnswers, openBatch } from './batch.ts';
import { bearerOnly } from './bearer.ts';
import { formRow, readJson, readText } from './body.ts';
import { docsFile, docsPage } from './docs.ts';
import type { Fleet } from './fleet.ts';
import { callerOf, failureOf, JSON_TYPE, PROBLEMS, SECURITY_HEADERS } from './http.ts';
import { inferProtocol } from './inference-protocol.ts';
import { feedbackSchema, type Label } from './labels.ts';
import type { ServerMetrics } from './metrics.ts';
import { openApiDocument } from './openapi.ts';
import type { Predictor } from './predict.ts';
import { EXPLAINED_ROWS, ROUTES, type RouteId } from './routes.ts';
import { type StatusPage, statusPage } from './status-page.ts';

export interface AppOptions {
  /** The project's name: title of the pages, and the model's name in the Open Inference Protocol. */
  readonly name: string;
  readonly deployment: Config['deployment'];
  readonly fleet: Pick<Fleet, 'current' | 'refused'>;
  readonly predictor: Predictor;
  readonly recordLabels: (labels: readonly Label[], time: string) => Promise<void>;
  readonly isReady: () => boolean;
  readonly metrics: Pick<ServerMetrics, 'request'>;
  /** Prometheus text of all workers. */
  readonly metricsText: () => Promise<string>;
  readonly status: () => Promise<StatusPage>;
  /** Rules of the agent, and what it sees of this project's own monitoring. */
  readonly agent: Config['agent'];
  readonly observe: () => Observation;
  readonly admin: {
    /** Undefined turns the routes off. */
    readonly token: string | undefined;
    readonly reload: () => void;
    /** Fails with a Fault that says what is wrong. */
    readonly route: (choose: (now: Traffic) => Traffic, reason: string) => Promise<void>;
  };
  readonly onError?: (error: unknown) => void;
  readonly now?: () => Date;
}

type Env = { Bindings: { incoming?: { headers: IncomingHttpHeaders } } };

export function createApp(options: AppOptions): Hono {
  const { deployment, fleet, predictor, isReady, admin, now = () => new Date() } = options;
  const { onError = (error) => console.error(error) } = options;
  const { max_body_bytes: maxBytes, max_rows: maxRows, traffic, cors: origins } = deployment;
  const app = new Hono<Env>();
  const protocol = inferProtocol(options.name, maxRows, predictor, fleet);
  const callerIn = (c: Context) =>
    callerOf(Object.fromEntries(c.req.raw.headers) as IncomingHttpHeaders, traffic.key_header);

  const handlers: Record<RouteId, Handler> = {
    status: async (c) => page(c, await statusPage(await options.status())),

    status_form: async (c) => {
      if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(c.req.header('content-type') ?? ''))
        return c.json({ error: 'content-type must be application/x-www-form-urlencoded' }, 415);
      const caller = callerIn(c);
      const body = await readText(c, maxBytes);
      if (body === undefined) return c.json({ error: PROBLEMS.tooLarge(maxBytes) }, 413);
      const values = Object.fromEntries(new URLSearchParams(body));
      const row = formRow(values, fleet.current().model.loaded.signature.inputs);
      const predictions = await predictor.all([row], caller);
      const answer = 'problems' in predictions ? { problems: predictions.problems } : predictions[0]!;
      return page(c, await statusPage(await options.status(), { values, answer }));
    },

    health: (c) => {
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

    ready: (c) => c.json({ ready: isReady() }, isReady() ? 200 : 503),

    model_info: (c) => {
      const { version, sha256, thresholds, loaded } = fleet.current().model;
      const { algorithm, source, data, training_date, metrics } = loaded.metadata;
      return c.json({
        model: version,
        sha256,
        algorithm,
        source,
        data,
        training_date,
        metrics,
        thresholds,
        signature: loaded.signature,
      });
    },

    metrics: async (c) => {
      c.header('content-type', 'text/plain; version=0.0.4; charset=utf-8');
      return c.body(await options.metricsText());
    },

    openapi: (c) =>
      c.json(openApiDocument(options.name, fleet.current().model, deployment, admin.token !== undefined)),

    docs: (c) => page(c, docsPage(options.name)),

    docs_file: async (c) => {
      const file = await docsFile(c.req.param('file') ?? '');
      if (file === undefined) return c.json({ error: 'no such file' }, 404);
      c.header('content-type', file.type);
      c.header('cache-control', 'public, max-age=86400');
      return c.body(file.body);
    },

    predict: async (c) => {
      const caller = callerIn(c);
      const body = await readJson(c, maxBytes);
      if ('refusal' in body) return body.refusal;
      const { status, body: text } = await predictor.answer(body.value, caller);
      c.header('content-type', JSON_TYPE);
      return c.body(text, status as 200);
    },

    explain: async (c) => {
      const body = await readJson(c, maxBytes);
      if ('refusal' in body) return body.refusal;
      const many = Array.isArray(body.value);
      const rows = many ? (body.value as unknown[]) : [body.value];
      if (rows.length === 0) return c.json({ error: 'the list of rows is empty' }, 400);
      if (rows.length > EXPLAINED_ROWS)
        return c.json({ error: `at most ${EXPLAINED_ROWS} rows are explained in one request` }, 413);
      const { model } = fleet.current();
      const parsed = model.parse(rows);
      if ('problems' in parsed) return c.json({ error: 'invalid input', fields: parsed.problems }, 400);
      const explanations = model.explain(parsed);
      return c.json(many ? explanations : explanations[0]);
    },

    predict_batch: async (c) => {
      const type = BATCH_TYPES.find((each) => c.req.header('content-type')?.startsWith(each));
      if (type === undefined)
        return c.json({ error: `content-type must be ${BATCH_TYPES.join(' or ')}` }, 415);
      const opened = await openBatch(c.req.raw.body ?? [], type, fleet.current().model, maxBytes);
      if ('problem' in opened) return c.json({ error: opened.problem }, opened.status);
      c.header('content-type', `${type}; charset=utf-8`);
      return c.body(
        ReadableStream.from(batchAnswers(opened, predictor, callerIn(c), onError)) as ReadableStream,
      );
    },

    feedback: async (c) => {
      const body = await readJson(c, maxBytes);
      if ('refusal' in body) return body.refusal;
      const labels = Array.isArray(body.value) ? body.value : [body.value];
      if (labels.length === 0) return c.json({ error: 'the list of labels is empty' }, 400);
      if (labels.length > maxRows) return c.json({ error: `at most ${maxRows} labels in one request` }, 413);
      const { classes } = fleet.current().model.loaded.signature.output;
      const checked = v.safeParse(v.array(feedbackSchema(classes)), labels);
      if (!checked.success) {
        const fields = checked.issues.slice(0, 100).map(({ path, message, type }) => ({
          row: path?.[0]?.key ?? 0,
          field: type === 'strict_object' ? '' : String(path?.[1]?.key ?? ''),
          problem: type === 'strict_object' ? 'must have id and label and nothing else' : message,
        }));
        return c.json({ error: 'invalid input', fields }, 400);
      }
      await options.recordLabels(checked.output, now().toISOString());
      return c.json({ recorded: checked.output.length });
    },

    monitor: async (c) => {
      const text = c.req.header('content-length') === '0' || c.req.raw.body === null ? '' : undefined;
      if (text === '') return c.json(makePlan(options.observe(), options.agent));
      const body = await readJson(c, maxBytes);
      if ('refusal' in body) return body.refusal;
      const checked = v.safeParse(observationSchema, body.value);
      if (!checked.success)
        return c.json(
          {
            error:
              'expected { metrics: [{ ts, roc_auc, … }], drift: { threshold, overall_drift, features } }',
          },
          400,
        );
      const { metrics, drift } = checked.output;
      if (metrics.length > maxRows) return c.json({ error: `at most ${maxRows} points in one request` }, 413);
      const points = checkPoints(metrics.map((value, i) => ({ place: `metrics.${i}`, value })));
      try {
        return c.json(
          makePlan({ ...points, drift: drift == null ? null : readDrift(drift, 'drift') }, options.agent),
        );
      } catch (error) {
        if (error instanceof Fault) return c.json({ error: error.message }, 400);
        throw error;
      }
    },

    admin_reload: (c) => {
      admin.reload();
      const { model, split } = fleet.current();
      return c.json({
        model: model.version,
        traffic: split?.text ?? `${model.version}=100`,
        refused: fleet.refused(),
      });
    },

    admin_routes: async (c) => {
      const body = await readJson(c, maxBytes);
      if ('refusal' in body) return body.refusal;
      const checked = v.safeParse(trafficSchema, body.value);
      if (!checked.success)
        return c.json({ error: 'expected { split: { v3: 10 }, shadow: ["v4"], reason: "…" }' }, 400);
      const { split, shadow, reason } = checked.output;
      try {
        await admin.route(
          (traffic) => checkTraffic({ split: split ?? traffic.split, shadow: shadow ?? traffic.shadow }),
          reason,
        );
      } catch (error) {
        if (error instanceof Fault && error.code !== BUSY) return c.json({ error: error.message }, 400);
        throw error;
      }
      return c.json({
        traffic: fleet.current().split?.text ?? `${fleet.current().model.version}=100`,
      });
    },

    v2_server: (c) => c.json(protocol.server()),
    v2_live: (c) => c.json({ live: true }),
    v2_ready: (c) => c.json({ ready: isReady() }, isReady() ? 200 : 503),
    v2_model: (c) => (protocol.has(c) ? c.json(protocol.model()) : protocol.unknown(c)),
    v2_model_ready: (c) =>
      protocol.has(c)
        ? c.json({ name: options.name, ready: isReady() }, isReady() ? 200 : 503)
        : protocol.unknown(c),
    v2_infer: async (c) => {
      if (!protocol.has(c)) return protocol.unknown(c);
      if (c.req.header('inference-header-content-length') !== undefined)
        return c.json({ error: 'binary tensors are not taken: send them as JSON' }, 400);
      const caller = callerIn(c);
      const body = await readJson(c, maxBytes, () => true);
      if ('refusal' in body) return body.refusal;
      const { status, body: text } = await protocol.infer(body.value, caller);
      c.header('content-type', JSON_TYPE);
      return c.body(text, status as 200);
    },
  };

  app.use(async (c, next) => {
    const start = performance.now();
    await next();
    for (const [name, value] of Object.entries(SECURITY_HEADERS))
      if (!c.res.headers.has(name)) c.res.headers.set(name, value);
    const { requestId } = callerIn(c);
    if (requestId !== undefined) c.res.headers.set('x-request-id', requestId);
    const route = ROUTES.find(({ path }) => path === c.req.routePath)?.path ?? 'none';
    options.metrics.request(route, c.res.status, (performance.now() - start) / 1000, requestId);
  });
  // Pages of other origins could otherwise make a visitor's browser put rows on record.
  app.use(async (c, next) => {
    const site = c.req.header('sec-fetch-site') ?? 'none';
    const isOurs = site === 'same-origin' || site === 'none';
    const isAllowed = origins.includes('*') || origins.includes(c.req.header('origin') ?? '');
    if (c.req.method === 'POST' && !isOurs && !isAllowed)
      return c.json({ error: 'pages of this origin may not call (deployment.cors)' }, 403);
    return await next();
  });
  if (origins.length > 0)
    app.use(
      cors({
        origin: origins.includes('*') ? '*' : origins,
        allowMethods: ['GET', 'POST'],
        allowHeaders: ['content-type', 'x-request-id', traffic.key_header],
        maxAge: 600,
      }),
    );

  for (const { id, method, path, ...rest } of ROUTES) {
    if ('admin' in rest) {
      if (admin.token === undefined) continue;
      app.on(method, path, bearerOnly(admin.token), handlers[id]);
    } else app.on(method, path, handlers[id]);
  }
  for (const path of new Set(ROUTES.map((route) => route.path))) {
    const allowed = ROUTES.filter((route) => route.path === path).map(({ method }) => method);
    if (ROUTES.some((route) => route.path === path && 'admin' in route) && admin.token === undefined)
      continue;
    app.all(path, (c) =>
      c.json({ error: `use ${allowed.join(' or ')}` }, 405, { allow: allowed.join(', ') }),
    );
  }
  app.notFound((c) => c.json({ error: 'no such route: GET /openapi.json lists them' }, 404));
  app.onError((error, c) => {
    onError(error);
    const { status, error: said } = failureOf(error);
    return c.json({ error: said }, status);
  });
  return app as unknown as Hono;
}

const observationSchema = v.strictObject({ metrics: v.array(v.unknown()), drift: v.nullish(v.unknown()) });

const trafficSchema = v.strictObject({
  split: v.optional(v.record(v.pipe(v.string(), v.regex(/^v[1-9]\d*$/)), v.number())),
  shadow: v.optional(v.array(v.pipe(v.string(), v.regex(/^v[1-9]\d*$/)))),
  reason: v.pipe(v.string(), v.nonEmpty(), v.maxLength(200)),
});

function page(c: Context, { html, policy }: { html: string; policy: string }): Response {
  c.header('content-security-policy', policy);
  return c.html(html);
}
