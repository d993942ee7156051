/** Two versions side by side: what went into them, their metrics on the same rows, and where they disagree. */
import { existsSync } from 'node:fs';
import type { MetricName } from '../config/schema.ts';
import { describeChanges } from '../config/settings.ts';
import { readDataset } from '../data/dataset.ts';
import { badInput } from '../fault.ts';
import { type Candidate, compareScores, type Difference } from '../measure/evaluate.ts';
import type { Project } from '../project.ts';
import { giveClasses, type LoadedVersion, loadVersion } from './load.ts';
import { readValidation } from './validation.ts';

export interface Comparison {
  /** Settings, data and code that differ, each as "key before → after". */
  readonly changes: readonly string[];
  /** Which rows both were scored on. */
  readonly rows: { readonly count: number; readonly path: string; readonly outOfFold: boolean };
  /** b − a: pass when b is better or equal, fail when worse. */
  readonly differences: Readonly<Record<MetricName, Difference>>;
  /** Rows that both class alike, each at its own threshold. */
  readonly agreeing: number;
  /** The rows whose scores lie furthest apart, the furthest first; of more than two classes, the true one's probability. */
  readonly apart: readonly {
    readonly row: number;
    readonly a: number;
    readonly b: number;
    readonly truth: string;
  }[];
}

const APART_SHOWN = 5;

/** `pairs`: how many comparisons are looked at together; each interval is as much wider (Bonferroni). */
export function compareVersions(project: Project, nameA: string, nameB: string, pairs = 1): Comparison {
  if (nameA === nameB) throw badInput(`${nameA} and ${nameB} are the same version`);
  const [a, b] = [loadVersion(project, nameA), loadVersion(project, nameB)];
  const { labels, candidates, path, outOfFold, entities } = scoresOnSameRows(project, a, b);
  const { classes } = a.signature.output;
  if (classes.join('\n') !== b.signature.output.classes.join('\n'))
    throw badInput(
      `${nameA} and ${nameB} tell different classes apart: ${classes.join(', ')} and ${b.signature.output.classes.join(', ')}`,
    );
  const [of, to] = candidates;
  const outputs = a.signature.output.outputs.length;
  const confidence = 1 - (1 - project.config.evaluation.confidence) / pairs;
  const distances = Float64Array.from(labels, (_, row) => {
    let largest = 0;
    for (let at = row * outputs; at < (row + 1) * outputs; at++)
      largest = Math.max(largest, Math.abs(to.scores[at]! - of.scores[at]!));
    return largest;
  });
  /** Probability of the positive class, or of the true one where there are more. */
  const shown = (scores: Float64Array, row: number) =>
    scores[row * outputs + (outputs === 1 ? 0 : labels[row]!)]!;
  return {
    changes: changesBetween(a, b),
    rows: { count: labels.length, path, outOfFold },
    differences: compareScores({ classes: classes.length, labels }, of, to, 0, { confidence, entities }),
    agreeing: labels.reduce((sum, _, i) => sum + (of.given[i] === to.given[i] ? 1 : 0), 0),
    apart: [...labels.keys()]
      .sort((i, j) => distances[j]! - distances[i]!)
      .slice(0, APART_SHOWN)
      .map((row) => ({
        row: row + 1,
        a: shown(of.scores, row),
        b: shown(to.scores, row),
        truth: classes[labels[row]!]!,
      })),
  };
}

function changesBetween({ metadata: a }: LoadedVersion, { metadata: b }: LoadedVersion): string[] {
  const data =
    a.data.sha256 === b.data.sha256
      ? []
      : [
          `data ${a.data.version} (${a.data.rows} rows) → ${b.data.version} (${b.data.rows} rows), sha256 ${a.data.sha256.slice(0, 12)}… → ${b.data.sha256.slice(0, 12)}…`,
        ];
  const files = [...new Set([...Object.keys(a.code), ...Object.keys(b.code)])].filter(
    (file) => a.code[file] !== b.code[file],
  );
  const code = files.length === 0 ? [] : [`code of training: ${files.slice(0, 5).join(', ')}`];
  return [...data, ...describeChanges(a.settings, b.settings), ...code];
}

/** Out-of-fold scores where both trained on the same rows; else both models on the newer one's test rows. */
function scoresOnSameRows(
  project: Project,
  a: LoadedVersion,
  b: LoadedVersion,
): {
  labels: Uint8Array;
  entities: Int32Array | undefined;
  candidates: [Candidate, Candidate];
  path: string;
  outOfFold: boolean;
} {
  if (a.metadata.data.sha256 === b.metadata.data.sha256) {
    const [of, to] = [readValidation(project, a.version), readValidation(project, b.version)];
    const { labels, entities } = of;
    return { labels, entities, candidates: [of, to], path: a.metadata.data.path, outOfFold: true };
  }
  const newer = Number(a.metadata.data.version.slice(1)) > Number(b.metadata.data.version.slice(1)) ? a : b;
  const path = `${project.config.data.processed_dir}/${newer.metadata.data.version}_test.csv`;
  if (!existsSync(project.path(path)))
    throw badInput(`${path} is missing: no rows that neither version was trained on`);
  const { schema } = project.config;
  const data = readDataset(project.path(path), schema);
  return {
    labels: data.target,
    entities: data.entities,
    candidates: [giveClasses(a, data, schema), giveClasses(b, data, schema)],
    path,
    outOfFold: false,
  };
}
