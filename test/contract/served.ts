/** An API over a small forest that was taught "more torque, more risk", with everything it records in memory. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Hono } from 'hono';
import { parseConfig } from '../../lib/config/parse.ts';
import type { Config } from '../../lib/config/schema.ts';
import { failed } from '../../lib/fault.ts';
import { fitModel, scorerOf } from '../../lib/learn/estimator.ts';
import type { Matrix } from '../../lib/numbers/matrix.ts';
import { random } from '../../lib/numbers/random.ts';
import { type Lineup, lineupOf, type Refusal } from '../../lib/predict/fleet.ts';
import { createPredictor } from '../../lib/predict/predict.ts';
import { type ServedModel, serveModel } from '../../lib/predict/served-model.ts';
import type { Addition, Project } from '../../lib/project.ts';
import { ledgersOf } from '../../lib/record/catalogue.ts';
import { areDrawn, idSource } from '../../lib/record/event-id.ts';
import { headerLine, predictionsIn, readerOf } from '../../lib/record/events.ts';
import type { LoadedVersion } from '../../lib/registry/load.ts';
import type { Traffic } from '../../lib/registry/pointers.ts';
import { createApp } from '../../lib/serve/app.ts';
import { createListener, type Listener } from '../../lib/serve/listener.ts';
import { serverMetrics } from '../../lib/serve/metrics.ts';
import type { Route, ServerParts } from '../../lib/serve/route.ts';
import { createSenders } from '../../lib/serve/senders.ts';
import { fitPipeline, transform } from '../../lib/train/pipeline.ts';
import { signatureOf } from '../../lib/train/signature.ts';
import { defaultConfig, temporaryFolder } from '../support.ts';

/** A page, a folder with one, and what must not be served: a link, a file of another kind. */
const REPORTS = (() => {
  const folder = temporaryFolder();
  for (const path of ['index.html', 'monitor.html', 'runs/c9e962209769.html', 'secret.key']) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), `<!doctype html><title>${path}</title>`);
  }
  symlinkSync('/etc/passwd', join(folder, 'link.txt'));
  symlinkSync('/etc', join(folder, 'out'));
  return folder;
})();

export const row = {
  Type: 'L',
  'Air temperature [K]': 298.1,
  'Process temperature [K]': 308.6,
  'Rotational speed [rpm]': 1551,
  'Torque [Nm]': 42.8,
  'Tool wear [min]': 10,
};

/** As strange as tenths, in both classes: a probability of .95 leaves one class at .9. */
const CONFORMAL = {
  rows: [100, 100],
  scores: [0, 1].map(() => Array.from({ length: 100 }, (_, i) => (i + 1) / 200)),
};

/** Of the one who sends labels, and of the server's start. */
export const SENDER_KEY = 'a key for the lab of the tests';
export const SMOKE_KEY = '00112233445566778899aabbccddeeff';
/** Of the document's example, which nobody was given. */
export const EXAMPLE_ID = 'c0ffee'.padEnd(28, '0');
const ID_KEY = Buffer.alloc(16, 7);

export interface Served {
  readonly app: Hono;
  /** The table that the app was made from. */
  readonly routes: readonly Route[];
  readonly listener: Listener;
  readonly config: Config;
  readonly signature: LoadedVersion['signature'];
  readonly models: readonly ServedModel[];
  /** The prediction log, read back: each prediction, and each line that is none. */
  readonly recorded: Record<string, unknown>[];
  readonly sensitive: Record<string, unknown>[];
  readonly labels: { id: string; label: string; correction?: boolean | undefined }[];
  readonly errors: unknown[];
  readonly routed: { traffic: Traffic; reason: string }[];
  /** What the tests change. */
  readonly state: {
    full: boolean;
    ready: boolean;
    lineup: Lineup;
    refused: Refusal[];
    reloads: number;
  };
}

export interface ServedOptions {
  /** Routes of chapters. */
  readonly more?: readonly ((project: Project) => (parts: ServerParts) => readonly Route[])[];
  readonly additions?: readonly Addition[];
  readonly deployment?: Partial<Config['deployment']>;
  readonly adminToken?: string;
  readonly configText?: string;
}

export async function served(options: ServedOptions = {}): Promise<Served> {
  const { more = [], additions = [] } = options;
  const sections = additions.flatMap(({ section }) => section ?? []);
  const parsed = parseConfig(options.configText ?? defaultConfig, 'config.yaml', sections);
  const deployment = { ...parsed.deployment, max_rows: 100, max_body_bytes: 20_000, ...options.deployment };
  const config = { ...parsed, deployment };
  const folder = temporaryFolder();
  const path = (...parts: string[]) => join(folder, ...parts);
  const project: Project = {
    config,
    configPath: path('config.yaml'),
    text: defaultConfig,
    root: folder,
    path,
    state: path,
    models: path(config.paths.models),
    reports: path(config.paths.reports),
    ledgers: ledgersOf(config, path),
  };
  const { inputs, target } = trainingRows();
  const pipeline = fitPipeline(inputs, config.schema, config.features.engineered, false);
  const signature = signatureOf(config.schema, inputs, { thresholds: [0.5] });
  const models = await Promise.all(
    [10, 5].map(async (n_estimators, i) => {
      const model = await fitModel(
        transform(pipeline, inputs),
        target,
        ['0', '1'],
        { ...config.model_params, n_estimators },
        { threads: 1 },
      );
      const loaded = {
        version: `v${i + 1}`,
        sha256: 'ab'[i]!.repeat(64),
        signature,
        pipeline,
        model,
        scorer: scorerOf(model),
        conformal: CONFORMAL,
        metadata: {
          algorithm: 'RandomForest',
          source: 'simulated',
          data: { version: 'v1' },
          training_date: '',
          metrics: {},
        },
      } as unknown as LoadedVersion;
      return serveModel(loaded, 'model', '2026-01-01T00:00:00Z');
    }),
  );
  const state: Served['state'] = {
    full: false,
    ready: true,
    lineup: lineupOf(models[0]!, [], 'salt'),
    refused: [],
    reloads: 0,
  };
  const recorded: Record<string, unknown>[] = [];
  const sensitive: Record<string, unknown>[] = [];
  const labels: Served['labels'] = [];
  const errors: unknown[] = [];
  const routed: Served['routed'] = [];
  const fleet = { current: () => state.lineup, refused: () => state.refused };
  const metrics = serverMetrics();
  const read = (lines: readonly string[]) => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const header = headerLine(
    new Date(),
    'tests-1',
    models.map(({ shape }) => shape),
  );
  const predictor = createPredictor({
    fleet,
    log: {
      async append(lines: readonly string[], apart: readonly string[] = []) {
        if (state.full) throw Object.assign(new Error('no space left'), { code: 'ENOSPC', syscall: 'write' });
        for (const line of lines.map(readerOf(header, 'memory'))) {
          const each = predictionsIn(line);
          const events = each.length === 0 ? [line] : each;
          recorded.push(...(events as unknown as Record<string, unknown>[]));
        }
        sensitive.push(...read(apart));
      },
    },
    metrics,
    judges: [],
    maxRows: deployment.max_rows,
    newId: idSource(ID_KEY),
    now: () => new Date(),
  });
  const onError = (error: unknown) => void errors.push(error);
  const { hono: app, routes } = createApp({
    more: more.map((routesOf) => routesOf(project)),
    name: config.project_name,
    deployment,
    fleet,
    predictor,
    reports: REPORTS,
    smokeKey: SMOKE_KEY,
    feedback: {
      ...createSenders(deployment.feedback, [{ name: 'lab', key: SENDER_KEY }], 1),
      areGiven: (ids) => areDrawn(ids, ID_KEY).map((isDrawn, i) => isDrawn || ids[i] === EXAMPLE_ID),
      record: async (sent) => void labels.push(...sent),
    },
    isReady: () => state.ready,
    metrics,
    metricsText: () => metrics.registry.metrics(),
    statusParts: [],
    troubles: () => [],
    admin: {
      token: options.adminToken,
      reload: () => state.reloads++,
      async route(choose, reason) {
        const traffic = choose({ split: { v2: 5 }, shadow: [] });
        if (traffic.shadow.includes('v9')) throw failed('there is no model version "v9"');
        routed.push({ traffic, reason });
      },
    },
    onError,
  });
  const listener = createListener({ app, predictor, metrics, deployment, smokeKey: SMOKE_KEY, onError });
  return {
    app,
    routes,
    listener,
    config,
    signature,
    models,
    recorded,
    sensitive,
    labels,
    errors,
    routed,
    state,
  };
}

function trainingRows(): { inputs: Matrix; target: Uint8Array } {
  const rng = random(1, 'api');
  const inputs: Matrix = {
    names: Object.keys(row),
    rows: 400,
    values: Float64Array.from(
      { length: 2400 },
      (_, i) =>
        [
          rng.int(3),
          295 + rng.float() * 10,
          305 + rng.float() * 10,
          1200 + rng.int(1000),
          20 + rng.float() * 50,
          rng.int(240),
        ][i % 6]!,
    ),
  };
  return {
    inputs,
    target: Uint8Array.from({ length: 400 }, (_, i) => (inputs.values[i * 6 + 4]! > 55 ? 1 : 0)),
  };
}

export function poster(app: Hono) {
  return (
    path: string,
    body: unknown,
    headers: Record<string, string> = { 'content-type': 'application/json' },
  ) =>
    app.request(path, {
      method: 'POST',
      headers,
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
}

/** Listens on a free port of the loopback. */
export function listen({ server }: Listener): Promise<string> {
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () =>
      resolve(`http://127.0.0.1:${(server.address() as { port: number }).port}`),
    ),
  );
}
