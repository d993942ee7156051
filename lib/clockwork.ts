/**
 * A project for people who work interactively; the make verbs are shells around the same functions.
 *
 *     const registry = openRegistry();                        // or openRegistry('examples/name/config.yaml')
 *     const rows = registry.data('v1');                       // inputs, target and entities of a data version
 *     const tried = await registry.fit(rows, { 'model_params.max_depth': 5 });
 *     tried.metrics.metrics.pr_auc;                           // { value, low, high }, out of fold; nothing is registered
 *     registry.versions();                                    // data, metrics, stage, aliases of each
 *     registry.load('champion').predict([EXAMPLE]);           // by alias, version, latest or stage
 *     registry.features('champion', rows).names;              // what that version sees of them
 *     registry.evaluate('champion', registry.data('v1', 'test')).metrics.recall;
 *     registry.compare('v1', 'v2').differences.pr_auc;        // { estimate, verdict }
 *     registry.promote('v2', 'new wear feature');             // a line in deployment_log.csv, then the pointer
 *     const api = connect(SERVER);                            // http://127.0.0.1:5000
 *     const [{ id }] = await api.predict([EXAMPLE]);
 *     await api.feedback([{ id, label: '0' }]);               // with CLOCKWORK_API_KEY, the key of a sender
 *
 * What was tried is in chapters/experiments (openRuns). What fails throws a Fault whose message says what to do.
 */
import { editConfig } from './config/edit.ts';
import { parseConfig } from './config/parse.ts';
import { type Dataset, readDataset } from './data/dataset.ts';
import { badInput, failed } from './fault.ts';
import { type Evaluation, evaluate } from './measure/evaluate.ts';
import type { Matrix } from './numbers/matrix.ts';
import { serveModel } from './predict/served-model.ts';
import { loadProject, type Project } from './project.ts';
import type { Given } from './record/events.ts';
import { type Comparison, compareVersions } from './registry/compare.ts';
import { partPath } from './registry/data-versions.ts';
import { giveClasses, loadVersion } from './registry/load.ts';
import * as moves from './registry/moves.ts';
import { readPointers, resolveVersion } from './registry/pointer-files.ts';
import { type Pointers, parseTraffic, type Stage, type Traffic } from './registry/pointers.ts';
import { summarise, type VersionSummary } from './registry/summary.ts';
import type { Metadata } from './registry/versions.ts';
import { buildVersion, type Version } from './train/build.ts';
import { transform } from './train/pipeline.ts';

export interface Registry {
  readonly project: Project;
  versions(): VersionSummary[];
  pointers(): Pointers;
  /** The version that an alias, a version, latest or a stage stands for. */
  resolve(name: string): string;
  /** Loads and checks a version; predict fails on rows that the signature does not allow. */
  load(name: string): {
    version: string;
    metadata: Metadata;
    predict(rows: readonly unknown[]): Given[];
  };
  /** The rows of a data version: those for training, or the later ones. */
  data(version: string, part?: 'train' | 'test'): Dataset;
  /** What a version sees of rows: fills, categories and engineered features, row-major. */
  features(name: string, rows: Dataset): Matrix;
  /** Trains on rows and evaluates out of fold, as make train would with these settings but for what chapters change; registers nothing. */
  fit(rows: Dataset, settings?: Readonly<Record<string, string | number>>): Promise<Version>;
  /** What a version reaches on rows, with intervals. */
  evaluate(name: string, rows: Dataset): Evaluation;
  compare(a: string, b: string): Comparison;
  /** Makes a whole version that passes the gate champion, or one that a person insists on; returns the one before. */
  promote(version: string, reason: string, insists?: boolean): string | undefined;
  /** Ends a canary, or makes the previous champion champion again. */
  rollback(reason: string): { version: string; from: string };
  alias(name: string, version: string | undefined, reason: string): string | undefined;
  stage(version: string, stage: string, reason: string): Stage;
  /** Archives what nothing points at. */
  archive(reason: string): string[];
  /** Shares of the traffic as text, "v3=10 shadow:v4" or "none"; versions that fail the gate get none. */
  route(traffic: string | ((now: Traffic) => Traffic), reason: string): { before: Traffic; after: Traffic };
}

export function openRegistry(configPath?: string): Registry {
  const project = loadProject([], configPath);
  const { config } = project;
  return {
    project,
    versions: () => summarise(project),
    pointers: () => readPointers(project),
    resolve: (name) => resolveVersion(project, name),
    load(name) {
      const loaded = loadVersion(project, resolveVersion(project, name));
      const model = serveModel(loaded, project.config.deployment.threshold, new Date().toISOString());
      return {
        version: loaded.version,
        metadata: loaded.metadata,
        predict(rows) {
          const parsed = model.parse(rows);
          if ('problems' in parsed)
            throw badInput(
              parsed.problems.map(({ row, field, problem }) => `row ${row}: ${field} ${problem}`).join('\n'),
            );
          const scores = model.score(parsed);
          return parsed.rows.map(({ sensitive }, i) => model.give(scores, i, sensitive));
        },
      };
    },
    data: (version, part = 'train') =>
      readDataset(project.path(partPath(project, version, part)), config.schema),
    features: (name, rows) =>
      transform(loadVersion(project, resolveVersion(project, name)).pipeline, rows.inputs),
    fit: (rows, settings = {}) =>
      buildVersion(parseConfig(editConfig(project.text, settings), project.configPath), rows),
    evaluate(name, rows) {
      const loaded = loadVersion(project, resolveVersion(project, name));
      const { classes, thresholds } = loaded.signature.output;
      const { scores, given } = giveClasses(loaded, rows, config.schema);
      const { confidence } = config.evaluation;
      return evaluate(
        { classes: classes.length, labels: rows.target, scores },
        classes,
        thresholds,
        { confidence, entities: rows.entities },
        given,
      );
    },
    compare: (a, b) => compareVersions(project, a, b),
    promote: (version, reason, insists) => moves.promote(project, version, reason, insists),
    rollback: (reason) => moves.rollback(project, reason),
    alias: (name, version, reason) => moves.setAlias(project, name, version, reason),
    stage: (version, stage, reason) => moves.setStage(project, version, stage, reason),
    archive: (reason) => moves.archiveUnused(project, reason),
    route: (traffic, reason) =>
      moves.setTraffic(project, reason, typeof traffic === 'string' ? () => parseTraffic(traffic) : traffic),
  };
}

/** A server that answers, wherever it runs. */
export interface Api {
  /** Rows as the signature has them; fails with what is wrong in which field. */
  predict(rows: readonly unknown[]): Promise<readonly Predicted[]>;
  /** What was true of predictions, by their ids. */
  feedback(labels: readonly { readonly id: string; readonly label: string }[]): Promise<void>;
  modelInfo(): Promise<Readonly<Record<string, unknown>>>;
}

export interface Predicted extends Given {
  readonly id: string;
}

/** `key` is that of a sender of labels. */
export function connect(url: string, key = process.env.CLOCKWORK_API_KEY): Api {
  const ask = async (path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(new URL(path, url), {
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      headers: {
        'content-type': 'application/json',
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      },
    }).catch((error: Error) => {
      throw failed(`${url} does not answer: ${(error.cause as Error | undefined)?.message ?? error.message}`);
    });
    const answer = (await response.json()) as { error?: string; fields?: readonly Problem[] };
    if (response.ok) return answer;
    const fields = answer.fields?.map(({ row, field, problem }) => `row ${row ?? 0}: ${field} ${problem}`);
    throw failed(`${path}: ${response.status} ${[answer.error, ...(fields ?? [])].join('\n')}`);
  };
  return {
    predict: async (rows) => (await ask('/predict', rows)) as readonly Predicted[],
    feedback: async (labels) => void (await ask('/feedback', labels)),
    modelInfo: async () => (await ask('/model_info')) as Readonly<Record<string, unknown>>,
  };
}

interface Problem {
  readonly row?: number;
  readonly field: string;
  readonly problem: string;
}
