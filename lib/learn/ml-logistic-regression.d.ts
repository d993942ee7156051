declare module 'ml-logistic-regression' {
  import type { Matrix } from 'ml-matrix';

  export default class LogisticRegression {
    constructor(options: { numSteps: number; learningRate: number });
    train(features: Matrix, target: Matrix): void;
    /** One classifier per class; classifiers[i] scores P(class ≠ i). */
    readonly classifiers: { readonly weights: Matrix }[];
  }
}
