/** Privacy in zero-concentrated differential privacy, which adds up, and what that is in ε and δ. */

const STEPS = 200;

/** The least δ of ρ-zCDP at an ε (Canonne, Kamath and Steinke 2020, corollary 13), by the best order α. */
export function deltaOf(rho: number, epsilon: number): number {
  if (rho === 0) return 0;
  // Derivative in α of the exponent: it rises with α.
  let [low, high] = [1.01, (epsilon + 1) / (2 * rho) + 2];
  for (let i = 0; i < STEPS; i++) {
    const alpha = (low + high) / 2;
    const slope = (2 * alpha - 1) * rho - epsilon + Math.log1p(-1 / alpha);
    if (slope < 0) low = alpha;
    else high = alpha;
  }
  const alpha = (low + high) / 2;
  const log = (alpha - 1) * (alpha * rho - epsilon) + alpha * Math.log1p(-1 / alpha) - Math.log(alpha - 1);
  return Math.min(1, Math.exp(log));
}

/** The most ρ that (ε, δ) allows. */
export function rhoOf(epsilon: number, delta: number): number {
  let [low, high] = [0, epsilon + 1];
  for (let i = 0; i < STEPS; i++) {
    const rho = (low + high) / 2;
    if (deltaOf(rho, epsilon) <= delta) low = rho;
    else high = rho;
  }
  return low;
}

/** The least ε that ρ gives at a δ. */
export function epsilonOf(rho: number, delta: number): number {
  if (rho === 0) return 0;
  let [low, high] = [0, rho + 2 * Math.sqrt(rho * Math.log(1 / delta))];
  for (let i = 0; i < STEPS; i++) {
    const epsilon = (low + high) / 2;
    if (deltaOf(rho, epsilon) <= delta) high = epsilon;
    else low = epsilon;
  }
  return high;
}
