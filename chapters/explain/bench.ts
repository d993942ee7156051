/** Shapley values beside Python's shap, by make bench. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { example, type Parts, type Peer, type Peers } from '../../bench/any-table.ts';
import { median, note } from '../../bench/record.ts';
import { fitModel } from '../../lib/learn/estimator.ts';
import { fitPipeline, transform } from '../../lib/train/pipeline.ts';
import { explainerOf } from './explain.ts';

export const bench = (folder: string, peers: Peers, peer: Peer): Parts => ({
  shap: () => shap(folder, peers, peer),
});

/** Path-dependent values of one forest, the same trees on both sides, one thread. */
async function shap(folder: string, peers: Peers, peer: Peer): Promise<void> {
  const adult = example(folder, 'adult', {
    'data/raw/adult.data': 'adult.data',
    'data/raw/adult.test': 'adult.test',
  });
  if (adult === undefined) {
    console.log('skipped: SHAP, since the census is not beside the project');
    return;
  }
  const pipeline = fitPipeline(adult.train.inputs, adult.config.schema, {}, false);
  const features = transform(pipeline, adult.train.inputs);
  const params = {
    ...adult.config.model_params,
    algorithm: 'RandomForest' as const,
    n_estimators: 100,
    max_depth: 10,
  };
  const model = await fitModel(features, adult.train.target, ['0', '1'], params, { threads: 1 });
  const count = 500;
  const width = features.names.length;
  const rows = Array.from({ length: count }, (_, i) => [
    ...features.values.subarray(i * width, (i + 1) * width),
  ]);
  const path = join(folder, 'shap.json');
  writeFileSync(
    path,
    JSON.stringify({
      trees: (model as { trees: unknown }).trees,
      rows: rows.map((row) => row.map((x) => (Number.isNaN(x) ? null : x))),
    }),
  );
  const times: number[] = [];
  let first: number[] = [];
  for (let repeat = 0; repeat < 4; repeat++) {
    const start = performance.now();
    const { explain } = explainerOf(model);
    for (let row = 0; row < count; row++) {
      const { contributions } = explain(features.values, row * width, 0);
      if (row === 0) first = [...contributions];
    }
    if (repeat > 0) times.push((performance.now() - start) / 1000);
  }
  const theirs = peers.has ? peer<{ seconds: number; first: number[] }>(1, 'shap', path) : undefined;
  if (theirs !== undefined)
    for (const [f, phi] of first.entries())
      if (Math.abs(phi - theirs.first[f]!) > 1e-6)
        throw new Error(`feature ${f}: ours ${phi}, shap ${theirs.first[f]}`);
  const ours = median(times);
  note(
    `path-dependent Shapley values, forest 100 × 10 of the census, ${count} rows × ${width} features, 1 thread (s, beside shap)`,
    ours,
    theirs?.seconds ?? null,
    theirs === undefined ? null : theirs.seconds / ours,
    '≥ 1',
    theirs === undefined || theirs.seconds >= ours,
  );
}
