/** The thresholds that suit scored rows best. */
import { orderDescending } from '../numbers/order.ts';
import { mostProbable, outputsOf, type ScoredRows } from '../numbers/outputs.ts';
import { outputOf, rankScores } from './metrics.ts';

/** Thresholds with the highest F1; of more than two classes, the mean of the classes' F1 (macro F1). */
export function bestF1Thresholds(rows: ScoredRows): number[] {
  if (rows.classes > 2) return bestMacroF1Thresholds(rows);
  const { labels, scores } = outputOf(rows, 0);
  return [bestF1Threshold(labels, scores)];
}

/**
 * The threshold with the highest F1. Halfway between the last score classed positive and the next one, where they
 * differ, so that rounding moves no row.
 */
function bestF1Threshold(labels: Uint8Array, scores: Float64Array): number {
  const { order, groupEnds } = rankScores(labels, scores);
  const positives = labels.reduce((sum, label) => sum + label, 0);
  let tp = 0;
  let from = 0;
  let best = { f1: -1, threshold: 0.5 };
  for (const end of groupEnds) {
    for (let i = from; i < end; i++) tp += labels[order[i]!]!;
    from = end;
    const f1 = (2 * tp) / (end + positives);
    if (f1 <= best.f1) continue;
    const last = scores[order[end - 1]!]!;
    const next = end < order.length ? scores[order[end]!]! : last;
    best = { f1, threshold: (last + next) / 2 };
  }
  return best.threshold;
}

const SWEEPS = 5;
/** Below this the other classes together are as good as ruled out. */
const NO_RIVAL = 1e-9;

/**
 * One threshold after the other is set to its best while the others stay, until none can be bettered (coordinate ascent). A
 * row is of class k while its threshold is below p_k / max over the others of p_j / t_j.
 */
function bestMacroF1Thresholds({ classes, labels, scores }: ScoredRows): number[] {
  const thresholds = mostProbable(classes);
  const ratios = new Float64Array(labels.length);
  const others = new Uint8Array(labels.length);
  for (let sweep = 0, changed = true; sweep < SWEEPS && changed; sweep++) {
    changed = false;
    for (const k of outputsOf(classes)) {
      for (let i = 0; i < labels.length; i++) {
        let best = -1;
        for (let j = 0; j < classes; j++) {
          if (j === k) continue;
          if (
            best < 0 ||
            scores[i * classes + j]! * thresholds[best]! > scores[i * classes + best]! * thresholds[j]!
          )
            best = j;
        }
        others[i] = best;
        const rest = scores[i * classes + best]! / thresholds[best]!;
        ratios[i] = scores[i * classes + k]! / Math.max(rest, NO_RIVAL);
      }
      const threshold = bestCut(k, classes, labels, others, ratios, thresholds[k]!);
      if (threshold === thresholds[k]) continue;
      thresholds[k] = threshold;
      changed = true;
    }
  }
  return thresholds;
}

/** The cut of the ratios from which rows are of class k that gives the highest macro F1; the present one if none is better. */
function bestCut(
  k: number,
  classes: number,
  labels: Uint8Array,
  others: Uint8Array,
  ratios: Float64Array,
  now: number,
): number {
  const hits = new Int32Array(classes);
  const given = new Int32Array(classes);
  const counts = new Int32Array(classes);
  const order = orderDescending(ratios);
  const move = (i: number, from: number, to: number) => {
    given[from]!--;
    given[to]!++;
    if (labels[i] === from) hits[from]!--;
    if (labels[i] === to) hits[to]!++;
  };
  const macroF1 = () => {
    let sum = 0;
    for (let c = 0; c < classes; c++)
      sum += counts[c]! + given[c]! === 0 ? 0 : (2 * hits[c]!) / (counts[c]! + given[c]!);
    return sum / classes;
  };
  for (let i = 0; i < labels.length; i++) {
    counts[labels[i]!]!++;
    given[others[i]!]!++;
    if (labels[i] === others[i]) hits[others[i]!]!++;
  }
  let present = -1;
  // Above every ratio no row is of class k.
  let best = { f1: macroF1(), threshold: 2 * ratios[order[0]!]! };
  for (let i = 0; i < order.length; i++) {
    const row = order[i]!;
    const ratio = ratios[row]!;
    if (present < 0 && ratio < now) present = macroF1();
    move(row, others[row]!, k);
    const next = i + 1 < order.length ? ratios[order[i + 1]!]! : 0;
    if (next === ratio) continue;
    const f1 = macroF1();
    if (f1 > best.f1) best = { f1, threshold: (ratio + next) / 2 };
  }
  if (present < 0) present = macroF1();
  return best.f1 > present + 1e-12 && best.threshold > 0 ? best.threshold : now;
}
