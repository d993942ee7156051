/**
 * Logistic regression. Two classes by ml-logistic-regression, given what its plain gradient descent needs: a column of ones
 * for the intercept, columns made orthonormal so that no direction is slow, and a rate that cannot diverge. More classes by
 * softmax regression on the same columns, since the package tells each class from the rest alone.
 */
import LogisticRegression from 'ml-logistic-regression';
import { CholeskyDecomposition, Matrix as Dense, inverse } from 'ml-matrix';
import type { Matrix } from '../numbers/matrix.ts';

export interface Logistic {
  /** Per output, the margin where every feature is at its mean: log-odds, or what the softmax takes. */
  readonly intercepts: readonly number[];
  /** Per output, margin per unit of each standardised feature. */
  readonly coefficients: readonly (readonly number[])[];
}

export interface LogisticParams {
  readonly maxIter: number;
  /** Rows of class k are repeated classRepeats[k] times, which is what weighting them means. */
  readonly classRepeats: readonly number[];
}

/** Fits class indices on standardised features; weights are found for orthonormal columns and mapped back to the features. */
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
  const classes = params.classRepeats.length;
  const orthonormal = design.mmul(back);
  const found =
    classes === 2
      ? [twoClassWeights(orthonormal, labels, params.maxIter)]
      : softmaxWeights(orthonormal, labels, classes, params.maxIter);
  const weights = found.map((column) => back.mmul(Dense.columnVector(column)).to1DArray());
  return {
    intercepts: weights.map(([intercept]) => intercept!),
    coefficients: weights.map(([, ...coefficients]) => coefficients),
  };
}

/**
 * The package sums its gradient over rows, so with XᵀX = n I the largest curvature of the log loss is n/4, and steps below
 * 8/n descend (Nesterov 2004, theorem 2.1.14); 4/n is taken.
 */
function twoClassWeights(design: Dense, labels: readonly number[], steps: number): number[] {
  const model = new LogisticRegression({ numSteps: steps, learningRate: 4 / labels.length });
  model.train(design, Dense.columnVector(labels as number[]));
  return model.classifiers[0]!.weights.to1DArray();
}

/**
 * Accelerated gradient steps (Nesterov 1983) on the log loss. With XᵀX = n I its curvature is at most n/2 (Böhning 1992,
 * equation 3), so steps of 2/n descend. Returns a column of weights for each class.
 */
function softmaxWeights(
  design: Dense,
  labels: readonly number[],
  classes: number,
  steps: number,
): number[][] {
  const width = design.columns;
  const rows = labels.length;
  const x = Float64Array.from(design.to1DArray());
  let weights = new Float64Array(classes * width);
  let ahead = weights.slice();
  const gradient = new Float64Array(classes * width);
  const shares = new Float64Array(classes);
  for (let step = 0; step < steps; step++) {
    gradient.fill(0);
    for (let row = 0; row < rows; row++) {
      const at = row * width;
      let highest = Number.NEGATIVE_INFINITY;
      for (let k = 0; k < classes; k++) {
        let margin = 0;
        for (let f = 0; f < width; f++) margin += ahead[k * width + f]! * x[at + f]!;
        shares[k] = margin;
        if (margin > highest) highest = margin;
      }
      let sum = 0;
      for (let k = 0; k < classes; k++) {
        shares[k] = Math.exp(shares[k]! - highest);
        sum += shares[k]!;
      }
      for (let k = 0; k < classes; k++) {
        const error = shares[k]! / sum - (labels[row] === k ? 1 : 0);
        for (let f = 0; f < width; f++) gradient[k * width + f]! += error * x[at + f]!;
      }
    }
    const next = ahead.map((weight, i) => weight - (2 / rows) * gradient[i]!);
    const momentum = step / (step + 3);
    ahead = next.map((weight, i) => weight + momentum * (weight - weights[i]!));
    weights = next;
  }
  return Array.from({ length: classes }, (_, k) => Array.from(weights.subarray(k * width, (k + 1) * width)));
}

/** Keeps the Gram matrix invertible when columns depend on one another, as one-hot columns and the intercept do. */
const RIDGE = 1e-6;

export function sigmoid(x: number): number {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
}
