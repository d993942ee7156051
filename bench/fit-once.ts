/** One fit in a process of its own, for its time and peak memory. Prints one JSON object. */
import { type Algorithm, scorerOf } from '../lib/learn/estimator.ts';
import { metricsOf } from '../lib/measure/metrics.ts';
import { classify } from '../lib/numbers/outputs.ts';
import { benchFit, loadTable } from './table.ts';

const [folder, algorithm, threads] = process.argv.slice(2) as [string, Algorithm, string];
const { matrix, target } = loadTable(folder);
const held = Math.floor(matrix.rows / 10);
const width = matrix.names.length;
const train = { names: matrix.names, rows: matrix.rows - held, values: matrix.values.subarray(held * width) };
const labels = target.subarray(held);
const timedFit = async () => {
  const start = performance.now();
  const model = await benchFit(train, labels, algorithm, Number(threads), 0);
  return { model, seconds: (performance.now() - start) / 1000 };
};
// Small fits are warmed up and repeated; the median counts, on both sides.
const [warmups, repeats] = matrix.rows < 50_000 ? [5, 7] : matrix.rows < 200_000 ? [1, 1] : [0, 1];
for (let i = 0; i < warmups; i++) await timedFit();
const fits: Awaited<ReturnType<typeof timedFit>>[] = [];
for (let i = 0; i < repeats; i++) fits.push(await timedFit());
const { model, seconds } = fits.sort((a, b) => a.seconds - b.seconds)[repeats >> 1]!;
const memory_mb = process.resourceUsage().maxRSS / 1024;
const score = scorerOf(model);
const heldValues = matrix.values.subarray(0, held * width);
for (let i = 0; i < 3; i++) score(heldValues, Math.min(held, 10_000));
const before = performance.now();
const scores = score(heldValues, held);
const rows_per_second = (held / (performance.now() - before)) * 1000;
const tested = target.subarray(0, held);
console.log(
  JSON.stringify({
    seconds,
    memory_mb,
    rows_per_second,
    ...metricsOf({ classes: 2, labels: tested, scores }, classify(scores, { thresholds: [0.5] }))(),
  }),
);
