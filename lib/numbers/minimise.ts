/** The smallest value of a smooth function. */

/** Writes the gradient at `at` into `gradient` and returns the value there. */
export type Objective = (at: Float64Array, gradient: Float64Array) => number;

const MEMORY = 10;
/** A step is taken where it gains this share of what the slope promises (Armijo 1966) … */
const GAIN = 1e-4;
/** … and halved at most so often until it does. */
const HALVINGS = 30;

/**
 * L-BFGS with backtracking (Nocedal & Wright 2006, algorithms 7.4, 7.5 and 3.1), from `start`, until no component of the
 * gradient is larger than `tolerance` or `steps` are done. Returns where it ended.
 */
export function minimise(
  objective: Objective,
  start: Float64Array,
  { steps, tolerance }: { steps: number; tolerance: number },
): Float64Array {
  let at = start.slice();
  let gradient = new Float64Array(at.length);
  let value = objective(at, gradient);
  const moves: Float64Array[] = [];
  const changes: Float64Array[] = [];
  for (let step = 0; step < steps; step++) {
    if (gradient.reduce((largest, g) => Math.max(largest, Math.abs(g)), 0) <= tolerance) break;
    const direction = descent(gradient, moves, changes);
    const slope = dot(direction, gradient);
    const next = new Float64Array(at.length);
    const gradientNext = new Float64Array(at.length);
    let size = step === 0 ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1;
    let reached = Number.POSITIVE_INFINITY;
    for (let halving = 0; halving < HALVINGS; halving++, size /= 2) {
      for (let i = 0; i < at.length; i++) next[i] = at[i]! + size * direction[i]!;
      reached = objective(next, gradientNext);
      if (reached <= value + GAIN * size * slope) break;
    }
    if (!(reached < value)) break;
    const move = next.map((x, i) => x - at[i]!);
    const change = gradientNext.map((g, i) => g - gradient[i]!);
    if (dot(move, change) > 0) {
      moves.push(move);
      changes.push(change);
      if (moves.length > MEMORY) {
        moves.shift();
        changes.shift();
      }
    }
    [at, gradient, value] = [next, gradientNext, reached];
  }
  return at;
}

/** Minus the gradient times the approximate inverse Hessian (two-loop recursion). */
function descent(
  gradient: Float64Array,
  moves: readonly Float64Array[],
  changes: readonly Float64Array[],
): Float64Array {
  const direction = gradient.map((g) => -g);
  const parts = new Float64Array(moves.length);
  for (let m = moves.length - 1; m >= 0; m--) {
    parts[m] = dot(moves[m]!, direction) / dot(moves[m]!, changes[m]!);
    add(direction, changes[m]!, -parts[m]!);
  }
  const [move, change] = [moves.at(-1), changes.at(-1)];
  if (move !== undefined) {
    const scale = dot(move, change!) / dot(change!, change!);
    for (let i = 0; i < direction.length; i++) direction[i]! *= scale;
  }
  for (let m = 0; m < moves.length; m++) {
    const back = dot(changes[m]!, direction) / dot(moves[m]!, changes[m]!);
    add(direction, moves[m]!, parts[m]! - back);
  }
  return direction;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function add(to: Float64Array, what: Float64Array, times: number): void {
  for (let i = 0; i < to.length; i++) to[i]! += times * what[i]!;
}
