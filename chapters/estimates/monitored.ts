/** Errors that are likely, as a part of each monitoring. */
import { existsSync } from 'node:fs';
import { html } from 'hono/html';
import type { Monitored, MonitoredPart } from '../../lib/chapter.ts';
import { readDataset } from '../../lib/data/dataset.ts';
import { meanEstimate } from '../../lib/measure/estimates.ts';
import type { Estimate } from '../../lib/numbers/estimate.ts';
import { type Matrix, takeRows } from '../../lib/numbers/matrix.ts';
import { random, shuffled } from '../../lib/numbers/random.ts';
import { tableOf } from '../../lib/page/page.ts';
import type { Project } from '../../lib/project.ts';
import { readValidation } from '../../lib/registry/validation.ts';
import { fitPipeline, transform } from '../../lib/train/pipeline.ts';
import { columnOf } from '../../lib/watch/columns.ts';
import type { Observed } from '../../lib/watch/window.ts';
import { formatCount, formatInterval } from '../../lib/words.ts';
import { type Weighted, weightedErrors } from './covariate-shift.ts';
import { type PartialTruth, predictionPowered } from './partial-truth.ts';

export interface Estimates {
  /** Null where no truth has arrived, or all of it. */
  readonly partial_truth: PartialTruth | null;
  readonly confidence_based: Estimate | null;
  readonly importance_weighted: Weighted | null;
}

/** Labels that make a beginning, and predictions that do. */
const LABELS = 20;
const ROWS = 100;
/** Of either side, at most. */
const DRAWN = 4000;

export function estimateErrors(project: Project, seen: Monitored): MonitoredPart {
  const { judged, predictions } = seen.window;
  const { confidence } = project.config.evaluation;
  const labelled = judged.filter(({ label }) => label !== undefined);
  const others = judged.filter(({ label }) => label === undefined);
  const estimates: Estimates = {
    partial_truth:
      labelled.length < LABELS || others.length === 0
        ? null
        : predictionPowered(
            Float64Array.from(labelled, (line) => Number(line.label !== line.class)),
            expectedErrors(labelled, seen),
            expectedErrors(others, seen),
            confidence,
          ),
    confidence_based:
      predictions.length < ROWS ? null : meanEstimate(expectedErrors(predictions, seen), { confidence }),
    importance_weighted: predictions.length < ROWS ? null : weighted(project, seen, confidence),
  };
  return { facts: { estimates }, page: pageOf(estimates), said: saidOf(estimates, labelled.length) };
}

/** 1 − the probability of the class that was given. */
function expectedErrors(lines: readonly Observed[], { loaded }: Monitored): Float64Array {
  const { outputs } = loaded.signature.output;
  return Float64Array.from(lines, (line) => {
    const isPositive = outputs.length > 1 || line.class === outputs[0];
    return isPositive ? 1 - line.probability : line.probability;
  });
}

function weighted(project: Project, seen: Monitored, confidence: number): Weighted | null {
  const { config } = project;
  const { metadata, signature, version } = seen.loaded;
  const path = project.path(metadata.data.path);
  if (!existsSync(path)) return null;
  const { inputs } = readDataset(path, config.schema);
  const { labels, given } = readValidation(project, version);
  if (labels.length !== inputs.rows) return null;
  const some = drawn(inputs.rows);
  const training = takeRows(inputs, some);
  const columns = signature.inputs.map((column) => columnOf(seen.window.predictions, column));
  const rows = seen.window.predictions.length;
  const values = Float64Array.from({ length: rows * columns.length }, (_, at) => {
    const value = columns[at % columns.length]![Math.floor(at / columns.length)]!;
    return value < 0 && signature.inputs[at % columns.length]!.categories !== undefined ? Number.NaN : value;
  });
  const production = takeRows({ names: inputs.names, rows, values }, drawn(rows));
  const pipeline = fitPipeline(training, config.schema, {}, true);
  const features = (of: Matrix) => transform(pipeline, of);
  const wrong = Float64Array.from(some, (row) => Number(labels[row] !== given[row]));
  return weightedErrors(features(training), features(production), wrong, confidence);
}

function drawn(rows: number): Int32Array {
  return shuffled(rows, random(0, 'estimates', rows))
    .subarray(0, DRAWN)
    .sort();
}

const shown = ({ value, low, high }: Estimate) =>
  `${(100 * value).toFixed(2)} % [${(100 * low).toFixed(2)} – ${(100 * high).toFixed(2)}]`;

function pageOf({ partial_truth, confidence_based, importance_weighted }: Estimates) {
  const none = 'too little to say';
  return html`<h2>Errors where the truth is missing</h2>
<p class="note">Estimates: they hold if what stands beside them does, and none of them decides anything.</p>
${tableOf(
  ['From', '#error rate', 'If'],
  [
    [
      'the part that is labelled, and all probabilities',
      partial_truth === null ? none : shown(partial_truth.estimate),
      partial_truth === null
        ? 'the labelled rows are as if drawn from all'
        : `the labelled rows are as if drawn from all; at every look ${shown(partial_truth.at_every_look)}`,
    ],
    [
      'the probabilities',
      confidence_based === null ? none : shown(confidence_based),
      'they are calibrated, and are so still',
    ],
    [
      'training rows, weighed to look like production',
      importance_weighted === null ? none : shown(importance_weighted.estimate),
      `nothing but the inputs changed${importance_weighted === null ? '' : `; worth ${formatCount(Math.round(importance_weighted.effective_rows))} rows`}`,
    ],
  ],
)}`;
}

/** Where truth there is, it is said elsewhere. */
function saidOf({ confidence_based, partial_truth }: Estimates, labels: number): [string, string][] {
  if (partial_truth !== null)
    return [['', `errors with the truth that is there: about ${shown(partial_truth.estimate)} (estimate)`]];
  if (labels > 0 || confidence_based === null) return [];
  return [
    [
      '',
      `errors by the probabilities: about ${formatInterval(confidence_based)} if they are calibrated (estimate)`,
    ],
  ];
}
