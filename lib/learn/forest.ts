/** Random forest (Breiman 2001): trees by number, so that any thread may grow any of them. */
import type { Matrix } from '../numbers/matrix.ts';
import { binRows, findEdges } from './bins.ts';
import { eachAlone } from './bundles.ts';
import type { ForestData, ForestTreeParams } from './forest-data.ts';
import { forestGrower } from './forest-tree.ts';
import { startThread } from './threads.ts';
import type { Tree } from './tree.ts';

export interface ForestParams extends ForestTreeParams {
  readonly nEstimators: number;
  readonly maxBins: number;
}

/** What a thread is asked: every `step`-th tree from `first`. */
export interface ForestWork {
  readonly data: ForestData;
  readonly params: ForestParams;
  readonly first: number;
  readonly step: number;
}

export async function fitForest(
  matrix: Matrix,
  target: Uint8Array,
  classes: number,
  params: ForestParams,
  threads: number,
  onTree: (done: number) => void = () => {},
): Promise<Tree[]> {
  const edges = findEdges(matrix, params.maxBins, params.seed);
  const shared = new Uint8Array(new SharedArrayBuffer(target.length));
  shared.set(target);
  const data = {
    rows: matrix.rows,
    bins: binRows(matrix, edges, eachAlone(edges)),
    edges,
    target: shared,
    classes,
  };
  const trees: Tree[] = new Array(params.nEstimators);
  let done = 0;
  const keep = (index: number, tree: Tree) => {
    trees[index] = tree;
    onTree(++done);
  };
  if (threads === 1) {
    const grow = forestGrower(data, params);
    for (let index = 0; index < params.nEstimators; index++) keep(index, grow(index));
    return trees;
  }
  await Promise.all(
    Array.from({ length: threads }, (_, first) => growOnThread({ data, params, first, step: threads }, keep)),
  );
  return trees;
}

async function growOnThread(work: ForestWork, keep: (index: number, tree: Tree) => void): Promise<void> {
  const worker = await startThread('learn/forest-worker');
  await new Promise<void>((resolve, reject) => {
    worker.on('message', (grown: { index: number; tree: Tree } | 'done') => {
      if (grown === 'done') resolve();
      else keep(grown.index, grown.tree);
    });
    worker.once('error', reject);
    worker.postMessage(work);
  });
  await worker.terminate();
}
