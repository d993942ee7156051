/** A loaded version made ready to answer, and the pointer that follows the registry. */
import { statSync } from 'node:fs';
import type { Project } from '../config/load.ts';
import { transformRow } from '../features/pipeline.ts';
import { aliasesPath, resolveVersion } from '../registry/aliases.ts';
import { type LoadedVersion, loadVersion } from '../registry/load.ts';
import { type ParsedRow, type ParsedRows, rowParser } from './input.ts';

export interface ServedModel {
  readonly version: string;
  readonly sha256: string;
  readonly threshold: number;
  readonly since: string;
  readonly loaded: LoadedVersion;
  parse(rows: readonly unknown[]): ParsedRows;
  score(rows: readonly ParsedRow[]): Float64Array;
  classOf(probability: number): string;
}

export function serveModel(loaded: LoadedVersion, configured: number | 'model', since: string): ServedModel {
  const { pipeline, scorer, signature } = loaded;
  const threshold = configured === 'model' ? signature.output.threshold : configured;
  const [negative, positive] = signature.output.classes as [string, string];
  const width = pipeline.features.length;
  return {
    version: loaded.version,
    sha256: loaded.sha256,
    threshold,
    since,
    loaded,
    parse: rowParser(signature),
    score(rows) {
      const features = new Float64Array(rows.length * width);
      for (let i = 0; i < rows.length; i++) transformRow(pipeline, rows[i]!.values, features, i * width);
      return scorer(features, rows.length);
    },
    classOf: (probability) => (probability >= threshold ? positive : negative),
  };
}

export interface FollowedModel {
  current(): ServedModel;
  refused(): { version: string; problem: string } | undefined;
  /** Looks at the pointer; loads and checks a new model aside before it takes over. Requests in flight keep theirs. */
  follow(): void;
}

/** Loads the model that deployment.model names and follows it. Fails when it cannot be loaded at first. */
export function followModel(
  project: Project,
  onSwitch: (model: ServedModel, from: ServedModel) => void,
  onRefusal: (version: string, problem: string) => void,
): FollowedModel {
  const { model: name, threshold } = project.config.deployment;
  const load = (version: string) =>
    serveModel(loadVersion(project, version), threshold, new Date().toISOString());
  const stamp = () => {
    const stats = statSync(aliasesPath(project), { throwIfNoEntry: false });
    return stats === undefined ? '' : `${stats.mtimeMs} ${stats.size} ${stats.ino}`;
  };
  let seen = stamp();
  let current = load(resolveVersion(project, name));
  let refused: { version: string; problem: string } | undefined;
  return {
    current: () => current,
    refused: () => refused,
    follow() {
      const now = stamp();
      if (now === seen) return;
      seen = now;
      let version = name;
      try {
        version = resolveVersion(project, name);
        refused = undefined;
        if (version === current.version) return;
        const from = current;
        current = load(version);
        onSwitch(current, from);
      } catch (error) {
        refused = { version, problem: (error as Error).message };
        onRefusal(version, refused.problem);
      }
    },
  };
}
