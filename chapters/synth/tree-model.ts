/**
 * A distribution over cells of columns whose dependence is a tree: estimated from noisy counts by entropic mirror descent with exact
 * marginals from belief propagation (McKenna, Sheldon and Miklau 2019), and sampled from the root to the leaves.
 */
export interface Edge {
  readonly a: number;
  readonly b: number;
}

/** Noisy counts of one column or of a pair; row-major, the first column's cells as rows. */
export interface Measurement {
  readonly columns: readonly [number] | readonly [number, number];
  readonly counts: Float64Array;
  /** Standard deviation of the noise of each count. */
  readonly sigma: number;
}

export interface TreeModel {
  readonly total: number;
  /** Share of each cell of a column. */
  node(column: number): Float64Array;
  /** Share of each pair of cells of an edge. */
  edge(index: number): Float64Array;
  /** Columns in an order in which each follows the one that it depends on. */
  readonly order: readonly { readonly column: number; readonly parent: number; readonly edge: number }[];
}

const ITERATIONS = 1500;

/** Every column is reached by the edges, which make no circle. */
export function estimateTree(
  sizes: readonly number[],
  edges: readonly Edge[],
  measured: readonly Measurement[],
): TreeModel {
  const total = Math.max(1, totalOf(measured));
  const order = orderOf(sizes.length, edges);
  const nodeLogs = sizes.map((size) => new Float64Array(size));
  const edgeLogs = edges.map(({ a, b }) => new Float64Array(sizes[a]! * sizes[b]!));
  // By column and by edge what was measured, as shares.
  const targets = measured.map(({ columns, counts, sigma }) => ({
    at:
      columns.length === 1
        ? { node: columns[0] }
        : { edge: edges.findIndex(({ a, b }) => a === columns[0] && b === columns[1]) },
    shares: counts.map((count) => count / total),
    weight: (total / sigma) ** 2,
  }));
  const heaviest = Math.max(...targets.map(({ weight }) => weight));
  let beliefs = propagate(sizes, edges, order, nodeLogs, edgeLogs);
  const lossOf = ({ nodes, pairs }: Beliefs) => {
    let loss = 0;
    for (const { at, shares, weight } of targets) {
      const now = 'node' in at ? nodes[at.node!]! : pairs[at.edge!]!;
      for (let i = 0; i < shares.length; i++) loss += (0.5 * weight * (now[i]! - shares[i]!) ** 2) / heaviest;
    }
    return loss;
  };
  let loss = lossOf(beliefs);
  let step = 1;
  for (let i = 0; i < ITERATIONS; i++) {
    const [nodesBefore, edgesBefore] = [
      nodeLogs.map((log) => log.slice()),
      edgeLogs.map((log) => log.slice()),
    ];
    for (const { at, shares, weight } of targets) {
      const now = 'node' in at ? beliefs.nodes[at.node!]! : beliefs.pairs[at.edge!]!;
      const log = 'node' in at ? nodeLogs[at.node!]! : edgeLogs[at.edge!]!;
      for (let k = 0; k < shares.length; k++)
        log[k]! -= ((step * weight) / heaviest) * (now[k]! - shares[k]!);
    }
    const next = propagate(sizes, edges, order, nodeLogs, edgeLogs);
    const nextLoss = lossOf(next);
    if (nextLoss < loss) {
      const gain = (loss - nextLoss) / loss;
      [beliefs, loss] = [next, nextLoss];
      step *= 1.2;
      if (gain < 1e-9) break;
    } else {
      for (const [c, log] of nodesBefore.entries()) nodeLogs[c]!.set(log);
      for (const [e, log] of edgesBefore.entries()) edgeLogs[e]!.set(log);
      step /= 2;
      if (step < 1e-12) break;
    }
  }
  return { total, node: (column) => beliefs.nodes[column]!, edge: (index) => beliefs.pairs[index]!, order };
}

/** Rows that the sums of the measurements agree on, each weighed by how sure it is. */
function totalOf(measured: readonly Measurement[]): number {
  let [sum, weights] = [0, 0];
  for (const { counts, sigma } of measured) {
    const weight = 1 / (counts.length * sigma ** 2);
    sum += weight * counts.reduce((all, count) => all + count, 0);
    weights += weight;
  }
  return sum / weights;
}

function orderOf(columns: number, edges: readonly Edge[]): TreeModel['order'] {
  const order = [{ column: 0, parent: -1, edge: -1 }];
  const reached = new Set([0]);
  for (let i = 0; i < order.length; i++)
    for (const [edge, { a, b }] of edges.entries())
      for (const [from, to] of [
        [a, b],
        [b, a],
      ] as const)
        if (from === order[i]!.column && !reached.has(to)) {
          reached.add(to);
          order.push({ column: to, parent: from, edge });
        }
  if (order.length !== columns) throw new Error('the edges do not reach every column');
  return order;
}

interface Beliefs {
  readonly nodes: readonly Float64Array[];
  readonly pairs: readonly Float64Array[];
}

/** Two passes over the tree, in logarithms: from the leaves to the root, then back. */
function propagate(
  sizes: readonly number[],
  edges: readonly Edge[],
  order: TreeModel['order'],
  nodeLogs: readonly Float64Array[],
  edgeLogs: readonly Float64Array[],
): Beliefs {
  const at = (e: number, a: number, b: number) => a * sizes[edges[e]!.b]! + b;
  const potential = (e: number, parent: number, p: number, c: number) =>
    edges[e]!.a === parent ? edgeLogs[e]![at(e, p, c)]! : edgeLogs[e]![at(e, c, p)]!;
  // What each column gathers from below, and sends up.
  const gathered = nodeLogs.map((log) => log.slice());
  const up: Float64Array[] = new Array(order.length);
  for (let i = order.length - 1; i > 0; i--) {
    const { column, parent, edge } = order[i]!;
    const message = new Float64Array(sizes[parent]!);
    const terms = new Float64Array(sizes[column]!);
    for (let p = 0; p < message.length; p++) {
      for (let c = 0; c < terms.length; c++) terms[c] = gathered[column]![c]! + potential(edge, parent, p, c);
      message[p] = logSum(terms);
    }
    up[i] = message;
    for (let p = 0; p < message.length; p++) gathered[parent]![p]! += message[p]!;
  }
  const logs = gathered.map((log) => log.slice());
  const pairs: Float64Array[] = new Array(edges.length);
  for (let i = 1; i < order.length; i++) {
    const { column, parent, edge } = order[i]!;
    const joint = new Float64Array(edgeLogs[edge]!.length);
    const isFirst = edges[edge]!.a === parent;
    const down = new Float64Array(sizes[column]!);
    const terms = new Float64Array(sizes[parent]!);
    for (let c = 0; c < sizes[column]!; c++) {
      for (let p = 0; p < sizes[parent]!; p++) {
        const outside = logs[parent]![p]! - up[i]![p]!;
        const value = outside + potential(edge, parent, p, c);
        terms[p] = value;
        joint[isFirst ? at(edge, p, c) : at(edge, c, p)] = value + gathered[column]![c]!;
      }
      down[c] = logSum(terms);
    }
    for (let c = 0; c < down.length; c++) logs[column]![c] = gathered[column]![c]! + down[c]!;
    pairs[edge] = sharesOf(joint);
  }
  return { nodes: logs.map(sharesOf), pairs };
}

function logSum(logs: Float64Array): number {
  let most = Number.NEGATIVE_INFINITY;
  for (const log of logs) if (log > most) most = log;
  let sum = 0;
  for (const log of logs) sum += Math.exp(log - most);
  return most + Math.log(sum);
}

function sharesOf(logs: Float64Array): Float64Array {
  const all = logSum(logs);
  return logs.map((log) => Math.exp(log - all));
}

/** Cells of so many rows: one array a column. `draw` gives numbers uniform on [0, 1). */
export function sampleTree(
  model: TreeModel,
  sizes: readonly number[],
  edges: readonly Edge[],
  rows: number,
  draw: () => number,
): Int32Array[] {
  const cells = sizes.map(() => new Int32Array(rows));
  for (const { column, parent, edge } of model.order) {
    const size = sizes[column]!;
    if (parent < 0) {
      const bounds = cumulated(model.node(column), 0, 1, size);
      for (let row = 0; row < rows; row++) cells[column]![row] = pick(bounds, draw());
      continue;
    }
    const joint = model.edge(edge);
    const isFirst = edges[edge]!.a === parent;
    const given = Array.from({ length: sizes[parent]! }, (_, p) =>
      cumulated(joint, isFirst ? p * size : p, isFirst ? 1 : sizes[parent]!, size),
    );
    for (let row = 0; row < rows; row++) cells[column]![row] = pick(given[cells[parent]![row]!]!, draw());
  }
  return cells;
}

function cumulated(shares: Float64Array, from: number, step: number, size: number): Float64Array {
  const bounds = new Float64Array(size);
  let sum = 0;
  for (let k = 0; k < size; k++) bounds[k] = sum += shares[from + k * step]!;
  if (sum > 0) for (let k = 0; k < size; k++) bounds[k]! /= sum;
  return bounds;
}

/** The first bound above the draw. */
export function pick(bounds: Float64Array, draw: number): number {
  let [low, high] = [0, bounds.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (bounds[middle]! > draw) high = middle;
    else low = middle + 1;
  }
  return low;
}
