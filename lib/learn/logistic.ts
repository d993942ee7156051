/**
 * Logistic regression by ml-logistic-regression, given what its plain gradient descent needs: a column of ones for
 * the intercept, columns made orthonormal so that no direction is slow, and a rate that cannot diverge.
 */
import LogisticRegression from 'ml-logistic-regression';
import { CholeskyDecomposition, Matrix as Dense, inverse } from 'ml-matrix';
import type { Matrix } from './matrix.ts';
import { outputsOf } from './outputs.ts';

/** Per output: log-odds of its class against all others. */
export interface Logistic {
  readonly intercepts: readonly number[];
  /** Per unit of each standardised feature. */
  readonly coefficients: readonly (readonly number[])[];
}

export interface LogisticParams {
  readonly maxIter: number;
  /** Rows of class k are repeated classRepeats[k] times, which is what weighting them means. */
  readonly classRepeats: readonly number[];
}

/**
 * Fits class indices on standardised features, with more than two classes each against all others. The package sums its gradient over rows, so with
 * XᵀX = n I the largest curvature of the log loss is n/4, and steps below 8/n descend (Nesterov 2004, theorem 2.1.14);
 * 4/n is taken. Weights are mapped back to the features by the same triangular matrix.
 */
export function fitLogistic(matrix: Matrix, target: Uint8Array, params: LogisticParams): Logistic {
  const width = matrix.names.length;
  const rows: number[][] = [];
  const labels: number[] = [];
  for (let row = 0; row < matrix.rows; row++) {
    const values = [1, ...matrix.values.subarray(row * width, (row + 1) * width)];
    for (let repeat = 0; repeat < params.classRepeats[target[row]!]!; repeat++) {
      rows.push(values);
      labels.push(target[row]!);
    }
  }
  const design = new Dense(rows);
  const gram = design.transpose().mmul(design).div(rows.length);
  for (let i = 0; i <= width; i++) gram.set(i, i, gram.get(i, i) + RIDGE);
  const back = inverse(new CholeskyDecomposition(gram).lowerTriangularMatrix).transpose();
  const model = new LogisticRegression({ numSteps: params.maxIter, learningRate: 4 / rows.length });
  model.train(design.mmul(back), Dense.columnVector(labels));
  // The package's classifier k gives the probability of every class but k: with two classes the first is of the second.
  const outputs = outputsOf(params.classRepeats.length);
  const sign = outputs.length === 1 ? 1 : -1;
  const weights = outputs.map((_, output) =>
    back.mmul(model.classifiers[output]!.weights.transpose()).mul(sign).to1DArray(),
  );
  return {
    intercepts: weights.map(([intercept]) => intercept!),
    coefficients: weights.map(([, ...coefficients]) => coefficients),
  };
}

/** Keeps the Gram matrix invertible when columns depend on one another, as one-hot columns and the intercept do. */
const RIDGE = 1e-6;

export function sigmoid(x: number): number {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
}
