/**
 * Threads that each own a shard of the boosting rows and work in step with this one, which owns the first shard.
 * Commands go through a shared block: [sequence, done, command, arguments …, per shard: start, end, middle].
 */
import type { Matrix } from '../numbers/matrix.ts';
import type { BinColumns } from './bins.ts';
import { binRows, type Edges } from './bins.ts';
import {
  addToScores,
  partitionShard,
  recordWords,
  regroup,
  type Shard,
  sigmoidTable,
  startRound,
  startTree,
  sumHistogram,
  wordsOf,
} from './boosting-shard.ts';
import { startThread } from './threads.ts';

export interface Crew {
  readonly rows: number;
  readonly histogramSize: number;
  /** Row ranges of all shards. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  readonly outputs: number;
  /** With more than one output: probabilities from the scores, which the trees of the round share. */
  startRound(): void;
  /** New gradients of an output, in units of 1/levels; all rows in one leaf again, whose histogram is written to `into`. */
  startTree(levels: number, tree: number, output: number, into: Float64Array): Float64Array;
  /** Histogram of the given ranges, written to `into`. */
  sum(starts: readonly number[], ends: readonly number[], into: Float64Array): Float64Array;
  /** Takes the rows whose bin in the column is low … high to the right; where they begin in each range. */
  partition(
    starts: readonly number[],
    ends: readonly number[],
    column: number,
    low: number,
    high: number,
  ): number[];
  add(starts: readonly number[], ends: readonly number[], output: number, value: number): void;
  /** Lays the rows out by the leaves of the last tree: faster rounds, the same sums. */
  regroup(): void;
  close(): Promise<void>;
}

const START_ROUND = 1;
const START_TREE = 2;
const SUM = 3;
const PARTITION = 4;
const ADD = 5;
const REGROUP = 6;
const STOP = 7;
/** Looks at the shared block before sleeping on it. */
export const SPINS = 20_000;
const ARGUMENTS = 3;
const RANGES = 8;

/** What one shard needs to do its part: shared memory only, so that a thread can be handed it. */
export interface ShardWork {
  readonly index: number;
  readonly shard: Shard;
  readonly control: Int32Array;
  readonly value: Float64Array;
}

/** Does what the control block asks, for one shard; false when asked to stop. */
export function obey({ index, shard, control, value }: ShardWork, table: Float64Array): boolean {
  const range = RANGES + index * 3;
  const [command, a, b, c] = [
    control[2]!,
    control[ARGUMENTS]!,
    control[ARGUMENTS + 1]!,
    control[ARGUMENTS + 2]!,
  ];
  const start = control[range]!;
  const end = control[range + 1]!;
  if (command === START_ROUND) startRound(shard);
  else if (command === START_TREE) startTree(shard, table, a, b, c);
  else if (command === SUM) sumHistogram(shard, start, end);
  else if (command === PARTITION) control[range + 2] = partitionShard(shard, start, end, a, b, c);
  else if (command === REGROUP) regroup(shard);
  else if (command === ADD) addToScores(shard, start, end, a, value[0]!);
  return command !== STOP;
}

/** Deals the rows out to one shard per thread; one thread starts no worker. */
export async function openCrew(
  matrix: Matrix,
  target: Uint8Array,
  edges: Edges,
  columns: BinColumns,
  base: readonly number[],
  threads: number,
): Promise<Crew> {
  const control = new Int32Array(new SharedArrayBuffer((RANGES + threads * 3) * 4));
  const value = new Float64Array(new SharedArrayBuffer(8));
  const starting = Array.from({ length: threads - 1 }, () => startThread('learn/crew-worker'));
  const works = Array.from({ length: threads }, (_, index): ShardWork => {
    const firstRow = Math.floor((matrix.rows * index) / threads);
    const endRow = Math.floor((matrix.rows * (index + 1)) / threads);
    return {
      index,
      shard: dealShard(matrix, target, edges, columns, base, firstRow, endRow),
      control,
      value,
    };
  });
  const workers = await Promise.all(starting);
  for (const [i, worker] of workers.entries()) worker.postMessage(works[i + 1]);
  const table = sigmoidTable();

  const command = (code: number, a = 0, b = 0, c = 0) => {
    control[2] = code;
    control[ARGUMENTS] = a;
    control[ARGUMENTS + 1] = b;
    control[ARGUMENTS + 2] = c;
    Atomics.store(control, 1, 0);
    Atomics.add(control, 0, 1);
    Atomics.notify(control, 0);
    if (code !== STOP) obey(works[0]!, table);
    if (code === STOP) return;
    for (let spin = 0; spin < SPINS && Atomics.load(control, 1) < workers.length; spin++);
    for (let done = Atomics.load(control, 1); done < workers.length; done = Atomics.load(control, 1)) {
      Atomics.wait(control, 1, done);
    }
  };
  const aim = (starts: readonly number[], ends: readonly number[]) => {
    for (let i = 0; i < threads; i++) {
      control[RANGES + i * 3] = starts[i]!;
      control[RANGES + i * 3 + 1] = ends[i]!;
    }
  };
  const gather = (into: Float64Array) => {
    into.set(works[0]!.shard.histogram);
    for (const { shard } of works.slice(1)) {
      for (let i = 0; i < into.length; i++) into[i]! += shard.histogram[i]!;
    }
    return into;
  };
  return {
    rows: matrix.rows,
    outputs: base.length,
    histogramSize: works[0]!.shard.histogram.length,
    starts: works.map(() => 0),
    ends: works.map(({ shard }) => shard.rows),
    startRound: () => command(START_ROUND),
    startTree(levels, tree, output, into) {
      command(START_TREE, levels, tree, output);
      return gather(into);
    },
    sum(starts, ends, into) {
      aim(starts, ends);
      command(SUM);
      return gather(into);
    },
    partition(starts, ends, column, low, high) {
      aim(starts, ends);
      command(PARTITION, column, low, high);
      return works.map((work) => control[RANGES + work.index * 3 + 2]!);
    },
    add(starts, ends, output, leaf) {
      aim(starts, ends);
      value[0] = leaf;
      command(ADD, output);
    },
    regroup: () => command(REGROUP),
    async close() {
      command(STOP);
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function dealShard(
  matrix: Matrix,
  target: Uint8Array,
  edges: Edges,
  columns: BinColumns,
  base: readonly number[],
  firstRow: number,
  endRow: number,
): Shard {
  const rows = endRow - firstRow;
  const features = edges.length;
  const width = wordsOf(columns.length);
  const part = {
    names: matrix.names,
    rows,
    values: matrix.values.subarray(firstRow * features, endRow * features),
  };
  const bins = binRows(part, edges, columns);
  const int32 = (length: number) => new Int32Array(new SharedArrayBuffer(length * 4));
  const shared = new Uint8Array(new SharedArrayBuffer(rows));
  shared.set(target.subarray(firstRow, endRow));
  const numbers = int32(rows);
  for (let row = 0; row < rows; row++) numbers[row] = firstRow + row;
  const float64 = (length: number) => new Float64Array(new SharedArrayBuffer(length * 8));
  const scores = float64(rows * base.length);
  for (const [k, margin] of base.entries()) scores.fill(margin, k * rows, (k + 1) * rows);
  return {
    rows,
    numbers,
    width,
    records: packRecords(bins, rows, columns.length),
    columns: bins,
    target: shared,
    scores,
    shares: float64(base.length > 1 ? scores.length : 0),
    order: int32(rows),
    aside: int32(rows),
    histogram: float64(width * 4 * 256),
  };
}

/** Column-major bins as records (see Shard). */
function packRecords(bins: Uint8Array, rows: number, columns: number): Int32Array {
  const stride = recordWords(wordsOf(columns)) * 4;
  const bytes = new Uint8Array(new SharedArrayBuffer(rows * stride));
  for (let block = 0; block < rows; block += 1024) {
    const end = Math.min(rows, block + 1024);
    for (let c = 0; c < columns; c++) {
      for (let row = block; row < end; row++) bytes[row * stride + c] = bins[c * rows + row]!;
    }
  }
  return new Int32Array(bytes.buffer);
}
