/** Which algorithm, of which size, suits a table: a short cross-validation of a handful, by log loss. */
import { rolesOf } from '../../lib/config/roles.ts';
import type { Config, ModelParams } from '../../lib/config/schema.ts';
import { type Dataset, takeDataset } from '../../lib/data/dataset.ts';
import { logLoss } from '../../lib/measure/metrics.ts';
import { outputsOf } from '../../lib/numbers/outputs.ts';
import { random, shuffled } from '../../lib/numbers/random.ts';
import { splitFold, stratifiedFolds } from '../../lib/train/folds.ts';
import type { Part } from '../../lib/train/part.ts';
import { fitParts } from '../../lib/train/side-by-side.ts';

/** What a candidate changes of model_params. */
type Changes = Partial<ModelParams> & Pick<ModelParams, 'algorithm'>;

export interface Candidate {
  /** "GradientBoosting 100 × 8 leaves" */
  readonly name: string;
  readonly changes: Changes;
  readonly log_loss: number;
}

export interface Choice {
  /** The best first. */
  readonly candidates: readonly Candidate[];
  /** Log loss of the shares of the classes. */
  readonly class_shares: number;
  readonly folds: number;
  readonly rows: number;
}

const FOLDS = 5;
/** Small tables are folded several times, since one folding tells little of them. */
const REPEATS = [
  [500, 3],
  [2000, 2],
] as const;
/** Of more rows so many are drawn. */
const ROWS = 10_000;

/** The candidates: fewer and smaller trees for fewer rows, weaker penalties for more. */
function candidatesFor(rows: number): { name: string; changes: Changes }[] {
  const logistic = (C: number) => ({
    name: `LogisticRegression C = ${C}`,
    changes: { algorithm: 'LogisticRegression' as const, C },
  });
  const forest = (max_depth: number, min_samples_leaf: number) => ({
    name: `RandomForest 200 × ${max_depth}`,
    changes: { algorithm: 'RandomForest' as const, n_estimators: 200, max_depth, min_samples_leaf },
  });
  const boosting = (n_estimators: number, learning_rate: number, max_leaves: number, leaf: number) => ({
    name: `GradientBoosting ${n_estimators} × ${max_leaves} leaves`,
    changes: {
      algorithm: 'GradientBoosting' as const,
      n_estimators,
      learning_rate,
      max_leaves,
      max_depth: 10,
      min_samples_leaf: leaf,
    },
  });
  if (rows < 2000)
    return [
      ...[0.0001, 0.001, 0.01, 0.1, 1, 10].map(logistic),
      forest(8, 1),
      forest(6, 5),
      boosting(40, 0.1, 3, 5),
      boosting(80, 0.1, 6, 5),
      ...(rows < 800 ? [] : [boosting(100, 0.1, 31, 20)]),
    ];
  return [
    ...[0.0001, 0.001, 0.01, 0.1, 1].map(logistic),
    forest(12, 2),
    forest(10, 10),
    boosting(60, 0.1, 6, 20),
    boosting(100, 0.1, 31, 20),
    ...(rows < ROWS ? [] : [boosting(250, 0.1, 31, 20)]),
  ];
}

/** Deterministic: folds and models are seeded by the config. `onProgress` gets the share that is done. */
export async function chooseModel(
  config: Config,
  all: Dataset,
  onProgress: (share: number) => void = () => {},
): Promise<Choice> {
  if (all.target.length > ROWS) {
    const drawn = shuffled(all.target.length, random(config.model_params.random_state, 'choose'));
    return chooseModel(config, takeDataset(all, drawn.subarray(0, ROWS).sort()), onProgress);
  }
  const data = all;
  const rows = data.target.length;
  const repeats = REPEATS.find(([below]) => rows < below)?.[1] ?? 1;
  const parts = Array.from({ length: repeats }, (_, repeat) =>
    foldsOf(data, config.model_params.random_state + repeat),
  ).flat();
  const candidates = candidatesFor(rows);
  const measured: Candidate[] = [];
  for (const [i, { name, changes }] of candidates.entries()) {
    const params = { ...config.model_params, ...changes };
    const task = {
      inputs: data.inputs,
      target: data.target,
      schema: config.schema,
      engineered: config.features.engineered,
      params,
    };
    const fitted = await fitParts(task, parts, (share) => onProgress((i + share) / candidates.length));
    let sum = 0;
    let count = 0;
    for (const [which, { score }] of parts.entries()) {
      const labels = Uint8Array.from(score, (row) => data.target[row]!);
      const { scores } = await fitted[which]!;
      sum += logLoss({ classes: classesOf(config), labels, scores }) * score.length;
      count += score.length;
    }
    measured.push({ name, changes, log_loss: sum / count });
  }
  return {
    candidates: measured.sort((a, b) => a.log_loss - b.log_loss),
    class_shares: sharesLoss(config, data, parts),
    folds: FOLDS,
    rows,
  };
}

function classesOf({ schema }: Config): number {
  return rolesOf(schema).target.categories!.length;
}

function foldsOf(data: Dataset, seed: number): Part[] {
  const fold = stratifiedFolds(data.target, FOLDS, seed, data.entities);
  return Array.from({ length: FOLDS }, (_, which) => {
    const { inside, outside } = splitFold(fold, which);
    return { learn: outside, score: inside };
  }).filter(({ score }) => score.length > 0);
}

function sharesLoss(config: Config, data: Dataset, parts: readonly Part[]): number {
  const classes = classesOf(config);
  const outputs = outputsOf(classes);
  let sum = 0;
  let count = 0;
  for (const { learn, score } of parts) {
    const shares = new Float64Array(classes);
    for (const row of learn) shares[data.target[row]!]! += 1 / learn.length;
    const labels = Uint8Array.from(score, (row) => data.target[row]!);
    const scores = Float64Array.from(
      { length: score.length * outputs.length },
      (_, at) => shares[outputs[at % outputs.length]!]!,
    );
    sum += logLoss({ classes, labels, scores }) * score.length;
    count += score.length;
  }
  return sum / count;
}
