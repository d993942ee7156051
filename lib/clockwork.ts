/**
 * The registry for people who work interactively; the make verbs are shells around the same functions.
 *
 *     const registry = openRegistry();                        // or openRegistry('examples/name/config.yaml')
 *     registry.versions();                                    // data, metrics, stage, aliases of each
 *     registry.load('champion').predict([{ Type: 'L', … }]);  // by alias, version, latest or stage
 *     registry.compare('v1', 'v2').differences.pr_auc;        // { estimate, verdict }
 *     registry.promote('v2', 'new wear feature');             // a line in deployment_log.csv, then the pointer
 *
 * What fails throws a Fault whose message says what to do.
 */
import { badInput } from './fault.ts';
import { serveModel } from './predict/served-model.ts';
import { loadProject, type Project } from './project.ts';
import type { Given } from './record/events.ts';
import { type Comparison, compareVersions } from './registry/compare.ts';
import { loadVersion } from './registry/load.ts';
import * as moves from './registry/moves.ts';
import { readPointers, resolveVersion } from './registry/pointer-files.ts';
import { type Pointers, parseTraffic, type Stage, type Traffic } from './registry/pointers.ts';
import { summarise, type VersionSummary } from './registry/summary.ts';
import type { Metadata } from './registry/versions.ts';

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
