/** Gauss–Legendre quadrature on [0, 1]: with n nodes exact for every polynomial of degree 2n − 1 and less. */
export interface Quadrature {
  readonly nodes: Float64Array;
  readonly weights: Float64Array;
}

/** Nodes are roots of the Legendre polynomial, found by Newton's method (Press et al. 2007, section 4.6.1). */
export function gaussLegendre(n: number): Quadrature {
  const nodes = new Float64Array(n);
  const weights = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let x = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let slope = 1;
    for (let step = 0; step < 100; step++) {
      let [value, before] = [1, 0];
      for (let j = 1; j <= n; j++)
        [value, before] = [((2 * j - 1) * x * value - (j - 1) * before) / j, value];
      slope = (n * (x * value - before)) / (x * x - 1);
      const next = x - value / slope;
      const done = Math.abs(next - x) < 1e-15;
      x = next;
      if (done) break;
    }
    nodes[i] = (1 - x) / 2;
    weights[i] = 1 / ((1 - x * x) * slope * slope);
  }
  return { nodes, weights };
}
