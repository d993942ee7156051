/**
 * Exact Shapley values of one tree where a feature that is left out follows both branches by their cover (Lundberg, Erion &
 * Lee 2018), in time linear in the nodes. A leaf of value v on whose way feature i was met is worth v Π_j f_j(t), with
 * f_j(t) = z_j (1 − t) + o_j t, when every feature is known with probability t; z_j is the share of rows that pass its splits
 * and o_j whether the row does. A Shapley value is the integral of the derivative by t (Owen 1972), here
 * (o_i − z_i) ∫ Π_{j ≠ i} f_j(t) dt · v, a polynomial that quadrature integrates exactly; leaves are summed up below each
 * split (as in Yu et al. 2022, Linear TreeShap).
 */
import type { Tree } from '../../lib/learn/tree.ts';
import { gaussLegendre } from './quadrature.ts';
import { childOf, expectedValue } from './walk.ts';

export interface TreeExplainer {
  /** Output of the tree for no feature: its leaves by their cover. */
  expected(output: number): number;
  /** Adds scale × the Shapley values of row[at …] to phi[to …]. */
  add(output: number, row: Float64Array, at: number, phi: Float64Array, to: number, scale: number): void;
}

/** Prepares what does not depend on the row: per node and quadrature point, for a row that passes and one that does not. */
export function pathDependentExplainer(tree: Tree): TreeExplainer {
  const size = tree.left.length;
  const parent = new Int32Array(size).fill(-1);
  /** The node above whose split was on the same feature last, −1 where there is none. */
  const before = new Int32Array(size).fill(-1);
  const share = new Float64Array(size).fill(1);
  const met = featuresMet(tree, parent, before, share);
  const { nodes, weights } = gaussLegendre(Math.max(1, Math.ceil(met / 2)));
  const points = nodes.length;

  /** By what a node multiplies its parent's product: [passed, failed here, failed before] × points. */
  const factor = new Float64Array(size * 3 * points);
  /** w (o − z) / f: [passed, failed] × points. */
  const slope = new Float64Array(size * 2 * points);
  for (let node = 1; node < size; node++) {
    const z = share[node]!;
    const zBefore = before[node]! < 0 ? 0 : share[before[node]!]!;
    for (let q = 0; q < points; q++) {
      const t = nodes[q]!;
      const passed = z * (1 - t) + t;
      const failed = z * (1 - t);
      const [passedBefore, failedBefore] =
        before[node]! < 0 ? [1, 1] : [zBefore * (1 - t) + t, zBefore * (1 - t)];
      factor[(node * 3 + 0) * points + q] = passed / passedBefore;
      factor[(node * 3 + 1) * points + q] = failed / passedBefore;
      factor[(node * 3 + 2) * points + q] = failed / failedBefore;
      slope[(node * 2 + 0) * points + q] = (weights[q]! * (1 - z)) / passed;
      slope[(node * 2 + 1) * points + q] = (-weights[q]! * z) / failed;
    }
  }
  const passes = new Uint8Array(size);
  const product = new Float64Array(size * points);
  const worth = new Float64Array(size * points);

  return {
    expected: (output) => expectedValue(tree, output),
    add(output, row, at, phi, to, scale) {
      product.fill(1, 0, points);
      passes[0] = 1;
      for (let node = 0; node < size; node++) {
        const left = tree.left[node]!;
        if (left === 0) {
          const value = tree.value[node]![output]! * scale;
          for (let q = 0; q < points; q++) worth[node * points + q] = product[node * points + q]! * value;
          continue;
        }
        const taken = childOf(tree, node, row, at);
        for (let child = left; child <= left + 1; child++) {
          const above = before[child]!;
          const passedBefore = above < 0 || passes[above] === 1;
          const passed = passedBefore && child === taken;
          passes[child] = passed ? 1 : 0;
          const from = (child * 3 + (passed ? 0 : passedBefore ? 1 : 2)) * points;
          for (let q = 0; q < points; q++)
            product[child * points + q] = product[node * points + q]! * factor[from + q]!;
        }
      }
      for (let node = size - 1; node >= 0; node--) {
        const left = tree.left[node]!;
        const here = node * points;
        if (left !== 0)
          for (let q = 0; q < points; q++)
            worth[here + q] = worth[left * points + q]! + worth[(left + 1) * points + q]!;
        if (node === 0) break;
        const own = (node * 2 + 1 - passes[node]!) * points;
        const above = before[node]!;
        let sum = 0;
        if (above < 0) for (let q = 0; q < points; q++) sum += worth[here + q]! * slope[own + q]!;
        else {
          // The last split on a feature speaks for it: what the one above said of these leaves is taken back.
          const others = (above * 2 + 1 - passes[above]!) * points;
          for (let q = 0; q < points; q++) sum += worth[here + q]! * (slope[own + q]! - slope[others + q]!);
        }
        phi[to + tree.feature[parent[node]!]!]! += sum;
      }
    },
  };
}

/** Fills in what the nodes above say; returns the most features that are met on one way. Children come after their parent. */
function featuresMet(tree: Tree, parent: Int32Array, before: Int32Array, share: Float64Array): number {
  const distinct = new Uint16Array(tree.left.length);
  let most = 0;
  for (let node = 0; node < tree.left.length; node++) {
    const left = tree.left[node]!;
    most = Math.max(most, distinct[node]!);
    if (left === 0) continue;
    const feature = tree.feature[node]!;
    let above = node;
    while (above > 0 && tree.feature[parent[above]!] !== feature) above = parent[above]!;
    for (let child = left; child <= left + 1; child++) {
      parent[child] = node;
      before[child] = above > 0 ? above : -1;
      share[child] = (tree.cover[child]! / tree.cover[node]!) * (above > 0 ? share[above]! : 1);
      distinct[child] = distinct[node]! + (above > 0 ? 0 : 1);
    }
  }
  return most;
}
