/**
 * Logistic regression with a penalty on squared coefficients, as scikit-learn's: it minimises
 * C Σ weight × log loss + ½ Σ coefficient² and leaves the intercepts free. Two classes of a small table by
 * ml-logistic-regression; what that package cannot do (several classes, weights, many rows) by L-BFGS on the same objective.
 */
import LogisticRegression from 'ml-logistic-regression';
import { CholeskyDecomposition, Matrix as Dense, inverse } from 'ml-matrix';
import type { Matrix } from '../numbers/matrix.ts';
import { minimise } from '../numbers/minimise.ts';

export interface Logistic {
  /** Per output, the margin where every feature is at its mean: log-odds, or what the softmax takes. */
  readonly intercepts: readonly number[];
  /** Per output, margin per unit of each standardised feature. */
  readonly coefficients: readonly (readonly number[])[];
}

export interface LogisticParams {
  /** Inverse strength of the penalty. */
  readonly C: number;
  /** Steps of either solver, at most. */
  readonly maxIter: number;
  /** What a row of each class weighs. */
  readonly classWeights: readonly number[];
}

/** (row, feature, step) visits up to which the package takes a moment; it copies each row a few times over. */
const PACKAGE_VISITS = 2e6;
const OVERHEAD = 4;

/** Fits class indices on standardised features. */
export function fitLogistic(matrix: Matrix, target: Uint8Array, params: LogisticParams): Logistic {
  const isPlain = params.classWeights.length === 2 && params.classWeights.every((weight) => weight === 1);
  const width = matrix.names.length;
  const cells = (matrix.rows + PSEUDO_ROWS * width) * (width + OVERHEAD);
  return isPlain && cells * params.maxIter <= PACKAGE_VISITS
    ? fitByPackage(matrix, target, params)
    : fitByLbfgs(matrix, target, params);
}

/** Of these rows for each feature, half are of either class. */
const PSEUDO_ROWS = 16;
/** Keeps the Gram matrix invertible when columns depend on one another. */
const RIDGE = 1e-6;

/**
 * The package has no penalty, no intercept and no stopping. It gets the penalty as rows: m of each class that hold s in one
 * feature and 0 elsewhere add 2m log cosh(s β / 2), the log-F(2m, 2m) prior (Greenland & Mansournia 2015), which with
 * s² = 2 / (m C) is β² / (2 C) but for β² / (12 m C) of it. It gets a column of ones, columns made orthonormal so that no direction is
 * slow, and a rate that cannot diverge: it sums its gradient over rows, so with XᵀX = n I the largest curvature is n/4, and
 * steps below 8/n descend (Nesterov 2004, theorem 2.1.14).
 */
function fitByPackage(matrix: Matrix, target: Uint8Array, { C, maxIter }: LogisticParams): Logistic {
  const width = matrix.names.length;
  const rows: number[][] = [];
  for (let row = 0; row < matrix.rows; row++)
    rows.push([1, ...matrix.values.subarray(row * width, (row + 1) * width)]);
  const labels = [...target];
  const size = Math.sqrt(4 / (PSEUDO_ROWS * C));
  for (let f = 1; f <= width; f++)
    for (let i = 0; i < PSEUDO_ROWS; i++) {
      const row = new Array<number>(width + 1).fill(0);
      row[f] = size;
      rows.push(row);
      labels.push(i % 2);
    }
  const design = new Dense(rows);
  const gram = design.transpose().mmul(design).div(rows.length);
  for (let i = 0; i <= width; i++) gram.set(i, i, gram.get(i, i) + RIDGE);
  const back = inverse(new CholeskyDecomposition(gram).lowerTriangularMatrix).transpose();
  const model = new LogisticRegression({ numSteps: maxIter, learningRate: 4 / labels.length });
  model.train(design.mmul(back), Dense.columnVector(labels));
  const [intercept, ...coefficients] = back
    .mmul(Dense.columnVector(model.classifiers[0]!.weights.to1DArray()))
    .to1DArray();
  return { intercepts: [intercept!], coefficients: [coefficients] };
}

/** Largest component of the gradient of the mean objective at which nothing is left to gain. */
const TOLERANCE = 1e-5;

/** One output for two classes, as many as classes for more. */
function fitByLbfgs(
  { names, rows, values }: Matrix,
  target: Uint8Array,
  { C, maxIter, classWeights }: LogisticParams,
): Logistic {
  const width = names.length;
  const stride = width + 1;
  const outputs = classWeights.length === 2 ? 1 : classWeights.length;
  const scale = 1 / rows;
  const margins = new Float64Array(outputs);
  const found = minimise(
    (at, gradient) => {
      gradient.fill(0);
      let value = 0;
      for (let row = 0; row < rows; row++) {
        const from = row * width;
        for (let k = 0; k < outputs; k++) {
          margins[k] = at[k * stride]! + product(at, k * stride + 1, values, from, width);
        }
        const y = target[row]!;
        const weight = classWeights[y]! * scale;
        value += weight * (outputs === 1 ? binaryLoss(margins, y) : softmaxLoss(margins, y));
        for (let k = 0; k < outputs; k++) {
          const error = weight * margins[k]!;
          const to = k * stride + 1;
          gradient[to - 1]! += error;
          for (let f = 0; f < width; f++) gradient[to + f]! += error * values[from + f]!;
        }
      }
      const penalty = scale / C;
      for (let i = 0; i < at.length; i++) {
        if (i % stride === 0) continue;
        value += (penalty / 2) * at[i]! ** 2;
        gradient[i]! += penalty * at[i]!;
      }
      return value;
    },
    new Float64Array(outputs * stride),
    { steps: maxIter, tolerance: TOLERANCE },
  );
  const weights = Array.from({ length: outputs }, (_, k) =>
    Array.from(found.subarray(k * stride, (k + 1) * stride)),
  );
  return {
    intercepts: weights.map(([intercept]) => intercept!),
    coefficients: weights.map(([, ...coefficients]) => coefficients),
  };
}

/** Scalar product of two runs of numbers, in four sums, for additions that need not wait for one another. */
function product(a: Float64Array, i: number, b: Float64Array, j: number, length: number): number {
  let [s, t, u, v] = [0, 0, 0, 0];
  let f = 0;
  for (; f + 3 < length; f += 4) {
    s += a[i + f]! * b[j + f]!;
    t += a[i + f + 1]! * b[j + f + 1]!;
    u += a[i + f + 2]! * b[j + f + 2]!;
    v += a[i + f + 3]! * b[j + f + 3]!;
  }
  for (; f < length; f++) s += a[i + f]! * b[j + f]!;
  return s + t + (u + v);
}

/** Log loss of one row; its margin becomes probability minus truth. */
function binaryLoss(margins: Float64Array, y: number): number {
  const margin = margins[0]!;
  const loss = Math.log1p(Math.exp(-Math.abs(margin))) + Math.max(y === 1 ? -margin : margin, 0);
  margins[0] = sigmoid(margin) - y;
  return loss;
}

/** The same with an output for each class. */
function softmaxLoss(margins: Float64Array, y: number): number {
  let highest = margins[0]!;
  for (const margin of margins) if (margin > highest) highest = margin;
  let sum = 0;
  for (let k = 0; k < margins.length; k++) {
    margins[k] = Math.exp(margins[k]! - highest);
    sum += margins[k]!;
  }
  for (let k = 0; k < margins.length; k++) margins[k]! /= sum;
  const loss = -Math.log(Math.max(margins[y]!, Number.MIN_VALUE));
  margins[y]! -= 1;
  return loss;
}

export function sigmoid(x: number): number {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
}
