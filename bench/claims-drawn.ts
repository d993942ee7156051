/** What the claims are tried on, drawn by seed: columns, scores of two classes, logs; and how often something happened. */
import { readFileSync } from 'node:fs';
import { parseConfig } from '../lib/config/parse.ts';
import type { MetricName } from '../lib/config/schema.ts';
import { categoryReference, numericReference, type Reference } from '../lib/measure/drift-reference.ts';
import { criticalValue, wilson } from '../lib/measure/intervals.ts';
import { metricsOf } from '../lib/measure/metrics.ts';
import { classify, type ScoredRows } from '../lib/numbers/outputs.ts';
import type { Random } from '../lib/numbers/random.ts';
import type { Signature } from '../lib/train/signature.ts';
import type { Limits } from '../lib/watch/meaning.ts';
import { type Block, beginVigil, keepVigil, WATCHED } from '../lib/watch/vigil.ts';
import type { Observed } from '../lib/watch/window.ts';

/** The config as it is shipped. */
const SHIPPED = 'test/fixtures/config.yaml';
export const configWith = (sections: Parameters<typeof parseConfig>[2] = []) =>
  parseConfig(readFileSync(SHIPPED, 'utf8'), SHIPPED, sections);
export const CONFIG = configWith();
export const LIMITS = CONFIG.monitoring.limits;

export interface ClaimRow {
  readonly claim: string;
  /** Under which circumstances. */
  readonly at: string;
  /** What the share is claimed to be; "–" where it is only told. */
  readonly must: string;
  /** Share of the trials, with its 95 % interval (Wilson 1927). */
  readonly observed: number;
  readonly low: number;
  readonly high: number;
  readonly trials: number;
  /** False only where the whole interval lies on the wrong side of what must be. */
  readonly holds: boolean;
}

export interface Must {
  readonly says: string;
  readonly allows: (interval: { readonly low: number; readonly high: number }) => boolean;
}

export const atMost = (bound: number): Must => ({ says: `≤ ${bound}`, allows: ({ low }) => low <= bound });
export const atLeast = (bound: number): Must => ({ says: `≥ ${bound}`, allows: ({ high }) => high >= bound });
export const TOLD: Must = { says: '–', allows: () => true };

/** A scale of 1 is the full run; fewer trials than some say nothing. */
export const trialsOf = (full: number, scale: number, least = 20) =>
  Math.max(least, Math.round(full * scale));

/** How often each case happens over the trials, beside what is claimed of it. */
export function countCases(
  claim: string,
  must: Must,
  trials: number,
  happens: (trial: number) => Readonly<Record<string, boolean>>,
): ClaimRow[] {
  const events = new Map<string, number>();
  for (let trial = 0; trial < trials; trial++)
    for (const [at, did] of Object.entries(happens(trial)))
      events.set(at, (events.get(at) ?? 0) + Number(did));
  return [...events].map(([at, count]) => {
    const { value, low, high } = wilson(count, trials, 0.95);
    const holds = must.allows({ low, high });
    return { claim, at, must: must.says, observed: value, low, high, trials, holds };
  });
}

export function drawn(rows: number, draw: () => number): Float64Array {
  return Float64Array.from({ length: rows }, draw);
}

/** An input: how a value is drawn, and what its values are called where they are categories. */
export interface Kind {
  readonly draw: (rng: Random) => number;
  readonly categories?: readonly string[];
}

const zipf = Array.from({ length: 20 }, (_, k) => 1 / (k + 1));
const cumulated = zipf.map((_, k) => zipf.slice(0, k + 1).reduce((a, b) => a + b, 0));

export const KINDS: Readonly<Record<string, Kind>> = {
  normal: { draw: (rng) => rng.normal() },
  'Zipf, 20 categories': {
    draw: (rng) => {
      const at = rng.float() * cumulated.at(-1)!;
      return cumulated.findIndex((end) => at < end);
    },
    categories: zipf.map((_, k) => `c${k}`),
  },
  'mass point': { draw: (rng) => (rng.float() < 0.92 ? 7 : rng.normal()) },
};

/** Rows of training. */
const TRAINED = 7000;

export function referenceOf(name: string, { draw, categories }: Kind, rng: Random): Reference {
  const column = drawn(TRAINED, () => draw(rng));
  return categories === undefined
    ? numericReference(name, column)
    : categoryReference(name, column, categories);
}

export interface Input {
  readonly kind: Kind;
  readonly reference: Reference;
}

/** Inputs x0, x1, … of the kinds in turn. */
export function drawnInputs(count: number, rngOf: (input: number) => Random): Input[] {
  const kinds = Object.values(KINDS);
  return Array.from({ length: count }, (_, i) => {
    const kind = kinds[i % kinds.length]!;
    return { kind, reference: referenceOf(`x${i}`, kind, rngOf(i)) };
  });
}

/** A prediction as the log has it, of what is looked at. */
export const logged = (line: Partial<Observed>) => line as Observed;

/** Its inputs, by name. */
export function loggedInput(inputs: readonly Input[], rng: Random): Observed['input'] {
  return Object.fromEntries(
    inputs.map(({ kind, reference }) => {
      const value = kind.draw(rng);
      return [reference.name, kind.categories === undefined ? value : kind.categories[value]!];
    }),
  );
}

/** New rows, of which so many are wrong, refused and slow as is just allowed, and whose probabilities are off by `off`. */
export function rowsAtLimit(rng: Random, rows: number, off: number, errors: number): Partial<Block> {
  const predictions = Array.from({ length: rows }, () => {
    const label = rng.float() < 0.3 ? '1' : '0';
    const isWrong = rng.float() < errors;
    return logged({
      input: {},
      label,
      class: isWrong === (label === '1') ? '0' : '1',
      probability: 0.3 + off,
      latency_ms: rng.float() < 0.05 ? LIMITS.latency_p95_ms + 1 : LIMITS.latency_p95_ms,
    });
  });
  const refused = predictions.map(() => rng.float() < LIMITS.refused_share);
  return { predictions, labelled: predictions, refused };
}

type Changes = Record<(typeof WATCHED)[number], number>;

/** How often each alarm began or ended while what is new was looked at, once a look. */
export function changesOver(
  looks: number,
  newAt: (look: number) => Partial<Block>,
  inputs: readonly Input[] = [],
  limits: Limits = LIMITS,
): Changes {
  const signature = {
    inputs: inputs.map(({ kind: { categories }, reference: { name } }) => ({
      name,
      type: categories === undefined ? 'number' : 'category',
      ...(categories && { categories }),
      nullable: true,
    })),
    output: { target: 'y', classes: ['0', '1'], outputs: ['1'] },
  } as unknown as Signature;
  const reference = { inputs: inputs.map((input) => input.reference) };
  let vigil = beginVigil('v1');
  const changes = Object.fromEntries(WATCHED.map((signal) => [signal, 0])) as Changes;
  for (let look = 0; look < looks; look++) {
    const block = { predictions: [], labelled: [], refused: [], time: '', ...newAt(look) };
    const after = keepVigil(vigil, block, { signature }, reference, limits, CONFIG.monitoring.alarm_rate);
    for (const signal of WATCHED)
      if (after.signals[signal].rings !== vigil.signals[signal].rings) changes[signal]++;
    vigil = after;
  }
  return changes;
}

/** What the log holds of one of two versions. */
export interface Side {
  readonly predictions: readonly Observed[];
  readonly failures: readonly string[];
}

/** The share that is wrong, by the request's place in time; undefined where no truth arrives. */
export type WrongAt = (at: number) => number | undefined;

/** Requests of one row each, one a second. */
export function drawnSide(rng: Random, requests: number, wrongAt: WrongAt): Side {
  const predictions = Array.from({ length: requests }, (_, at) => {
    const wrong = wrongAt(at);
    return logged({
      id: String(at),
      time: new Date(1e12 + 1000 * at).toISOString(),
      probability: rng.float() * 0.5,
      class: '0',
      latency_ms: 0.5 + rng.float(),
      label: wrong === undefined ? undefined : rng.float() < wrong ? '1' : '0',
    });
  });
  return { predictions, failures: [] };
}

/** Ten groups, half of whose rows are favourable, and which are given that at these rates. */
export function tenGroups(rng: Random, size: number, rateOf: (group: number) => number) {
  const groupOf = Int16Array.from({ length: 10 * size }, (_, row) => row % 10);
  const truth = Int8Array.from({ length: 10 * size }, (_, row) => (row < 5 * size ? 1 : 0));
  const given = Uint8Array.from(groupOf, (group) => (rng.float() < rateOf(group) ? 1 : 0));
  return {
    rows: { truth, given, scores: Float64Array.from(given) },
    grouping: { column: 'group', groups: [...'abcdefghij'], groupOf },
  };
}

/** Classes by a threshold that is fixed. */
export const givenBy = (scores: Float64Array) => classify(scores, { thresholds: [0.5] });

function twoClasses(
  positives: number,
  negatives: number,
  apart: number,
  deviation: (row: number) => number,
): ScoredRows {
  const labels = new Uint8Array(positives + negatives).fill(1, 0, positives);
  const scores = Float64Array.from(labels, (y, row) => (y - 0.5) * apart + deviation(row));
  return { classes: 2, labels, scores };
}

/** Scores of two classes whose means lie `apart` standard deviations from one another. */
export function drawnClasses(rng: Random, positives: number, negatives: number, apart: number): ScoredRows {
  return twoClasses(positives, negatives, apart, () => rng.normal());
}

type Population = (apart: number) => Readonly<Record<MetricName, number>>;

/** The metrics of all rows there could be, `odds` negatives with each positive: of scores that lie at every quantile. */
export function populationOf(odds: number, positives = 4000): Population {
  const negatives = Math.round(positives * odds);
  const deviations = [positives, negatives].flatMap((n) =>
    Array.from({ length: n }, (_, i) => criticalValue((2 * i + 1) / n - 1)),
  );
  return (apart) => {
    const rows = twoClasses(positives, negatives, apart, (row) => deviations[row]!);
    return metricsOf(rows, givenBy(rows.scores))();
  };
}

/** How far apart the classes lie where the PR-AUC of all rows is this. */
export function apartFor(prAuc: number, population: Population): number {
  let [low, high] = [0, 8];
  for (let halving = 0; halving < 16; halving++) {
    const middle = (low + high) / 2;
    if (population(middle).pr_auc < prAuc) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
