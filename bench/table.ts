/** Tables that both sides of the benchmark read, and our fit with the peers' parameters. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fitBoosting } from '../lib/learn/boosting.ts';
import type { Algorithm, Model } from '../lib/learn/estimator.ts';
import { fitForest } from '../lib/learn/forest.ts';
import { fitLogistic } from '../lib/learn/logistic.ts';
import { threadsFor } from '../lib/learn/threads.ts';
import type { Matrix } from '../lib/numbers/matrix.ts';
import { random } from '../lib/numbers/random.ts';

export interface Table {
  readonly matrix: Matrix;
  readonly target: Uint8Array;
}

export function saveTable(folder: string, { matrix, target }: Table): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    `${folder}/values.bin`,
    new Uint8Array(matrix.values.buffer, matrix.values.byteOffset, matrix.values.byteLength),
  );
  writeFileSync(`${folder}/target.bin`, target);
  writeFileSync(
    `${folder}/shape.json`,
    JSON.stringify({ rows: matrix.rows, features: matrix.names.length, names: matrix.names }),
  );
}

export function loadTable(folder: string): Table {
  const { rows, names } = JSON.parse(readFileSync(`${folder}/shape.json`, 'utf8')) as {
    rows: number;
    names: string[];
  };
  const bytes = readFileSync(`${folder}/values.bin`);
  const values = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8);
  return { matrix: { names, rows, values }, target: readFileSync(`${folder}/target.bin`) };
}

/** Twenty normal features; seven of them decide the class, by sums, products, steps and waves. */
export function syntheticTable(rows: number): Table {
  const rng = random(1, 'bench', rows);
  const width = 20;
  const values = Float64Array.from({ length: rows * width }, () => rng.normal());
  const target = Uint8Array.from({ length: rows }, (_, row) => {
    const x = (f: number) => values[row * width + f]!;
    const margin = x(0) + x(1) * x(2) + Math.sin(2 * x(3)) + 0.5 * x(4) ** 2 - 0.5 + (x(5) > 0.5 ? x(6) : 0);
    return rng.float() < 1 / (1 + Math.exp(-1.5 * margin)) ? 1 : 0;
  });
  return { matrix: { names: Array.from({ length: width }, (_, f) => `f${f}`), rows, values }, target };
}

/** Ours with the parameters that peers.py gives the others. */
export async function benchFit(
  matrix: Matrix,
  target: Uint8Array,
  algorithm: Algorithm,
  threads: number,
  seed: number,
): Promise<Model> {
  const common = { features: matrix.names, classes: ['0', '1'] };
  const workers = threadsFor(matrix.values.length * 100, threads);
  if (algorithm === 'LogisticRegression') {
    return {
      algorithm,
      ...common,
      logistic: fitLogistic(matrix, target, { C: 1, maxIter: 1000, classWeights: [1, 1] }),
    };
  }
  if (algorithm === 'RandomForest') {
    const maxFeatures = Math.floor(Math.sqrt(matrix.names.length));
    const params = {
      nEstimators: 100,
      maxDepth: 10,
      minSamplesLeaf: 1,
      maxFeatures,
      maxBins: 255,
      classWeights: [1, 1],
      seed,
    };
    return { algorithm, ...common, trees: await fitForest(matrix, target, 2, params, workers) };
  }
  const params = {
    nEstimators: 100,
    learningRate: 0.1,
    maxLeaves: 31,
    maxDepth: 64,
    minSamplesLeaf: 20,
    l2: 0,
    maxBins: 255,
    seed,
  };
  return { algorithm, ...common, ...(await fitBoosting(matrix, target, 2, params, workers)) };
}
