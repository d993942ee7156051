declare module 'jstat' {
  interface Distribution<P extends unknown[]> {
    inv(probability: number, ...parameters: P): number;
    cdf(x: number, ...parameters: P): number;
  }
  const jstat: {
    gammaln(x: number): number;
    normal: Distribution<[mean: number, deviation: number]>;
    studentt: Distribution<[degreesOfFreedom: number]>;
    chisquare: Distribution<[degreesOfFreedom: number]>;
  };
  export default jstat;
}
