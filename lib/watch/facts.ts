/** The stream as facts with the time, version and partition that they count for, so many at once. */
import type { Ledgers } from '../record/catalogue.ts';
import { secondOf } from '../record/event-id.ts';
import { type LabelLine, type LogLine, type PredictionLine, predictionsIn } from '../record/events.ts';
import { isProduction, predictionsById } from '../record/predictions.ts';
import { type Segment, writerOf } from '../record/segments.ts';
import { readStream, type Stream, type StreamPosition } from '../record/stream.ts';
import { followTruth, truthOf } from '../record/truth.ts';
import type { Fact } from './summary.ts';

export interface TimedFact {
  readonly time: number;
  /** The version. */
  readonly key: string;
  /** The process that wrote it; undefined of a truth, which counts for when its prediction was made. */
  readonly partition: string | undefined;
  readonly event: Fact;
}

/** When a prediction was asked for: the second of its id, which its truth knows as well. */
function timeOfPrediction({ id, time }: { readonly id: string; readonly time: string }): number {
  const second = secondOf(id);
  return second === undefined ? Date.parse(time) : second * 1000;
}

/** Events that are handed on together, and predictions that are held for the labels that soon come for them. */
const MOST = 10_000;
const MOST_HELD = 20_000;

/** Hands on what came after a position, so many events at most or all of it, and returns what is known of the segments after it. */
export function readFacts(
  ledgers: Ledgers,
  after: StreamPosition,
  onFacts: (facts: readonly TimedFact[]) => void,
  most = Number.POSITIVE_INFINITY,
): Stream {
  let facts: TimedFact[] = [];
  let labels: LabelLine[] = [];
  const held = new Map<string, PredictionLine>();
  const hand = () => {
    const truths = labels.length === 0 ? [] : truthFacts(ledgers, labels, held);
    onFacts([...facts, ...truths]);
    facts = [];
    labels = [];
    for (const id of held.keys()) if (held.size > MOST_HELD) held.delete(id);
  };
  const take = (line: PredictionLine, segment: Segment) => {
    held.set(line.id, line);
    facts.push({
      time: timeOfPrediction(line),
      key: line.model,
      partition: writerOf(segment.path),
      event: { kind: 'prediction', line },
    });
  };
  let read = 0;
  const onEvent = (event: LogLine, _: string, segment: Segment) => {
    read++;
    if (!isProduction(event)) return;
    if ('label' in event) labels.push(event);
    else if ('problems' in event)
      facts.push({
        time: timeOfPrediction(event),
        key: event.model,
        partition: writerOf(segment.path),
        event: { kind: 'refusal' },
      });
    else for (const line of predictionsIn(event)) take(line, segment);
    if (facts.length + labels.length >= MOST) hand();
  };
  const stream = readStream(
    ledgers,
    after,
    onEvent,
    () => true,
    () => read >= most,
  );
  hand();
  return stream;
}

/** How facts are read: as readFacts does of one project. */
export type FactReader = (
  after: StreamPosition,
  onFacts: (facts: readonly TimedFact[]) => void,
  most?: number,
) => Stream;

/** So many facts are kept for the next who asks. */
const MOST_KEPT = 20_000;

/** Reads once for consumers that have come equally far, where little is new. */
export function sharedFacts(ledgers: Ledgers): FactReader {
  let kept: { after: string; facts: TimedFact[][]; count: number; stream: Stream } | undefined;
  return (after, onFacts, most = Number.POSITIVE_INFINITY) => {
    const place = JSON.stringify(after);
    if (kept?.after === place && kept.count <= most) {
      for (const facts of kept.facts) onFacts(facts);
      return kept.stream;
    }
    let facts: TimedFact[][] | undefined = [];
    let count = 0;
    const keep = (more: readonly TimedFact[]) => {
      count += more.length;
      if (count > MOST_KEPT) facts = undefined;
      facts?.push([...more]);
      onFacts(more);
    };
    const stream = readFacts(ledgers, after, keep, most);
    kept = facts === undefined ? undefined : { after: place, facts, count, stream };
    return stream;
  };
}

/** What labels say: of each the first counts, and a correction takes back what it corrects. */
function truthFacts(
  ledgers: Ledgers,
  labels: readonly LabelLine[],
  held: ReadonlyMap<string, PredictionLine>,
): TimedFact[] {
  const stream = followTruth(ledgers);
  const ids = labels.map(({ of }) => of);
  const truth = truthOf(ledgers, ids);
  const found = predictionsById(
    stream,
    ids.filter((id) => !held.has(id)),
  );
  return labels.flatMap(({ id, of, time }): TimedFact[] => {
    const line = held.get(of) ?? found.get(of);
    const trail = truth.get(of)?.trail ?? [];
    const at = trail.findIndex((each) => each.id === id);
    if (line === undefined || at < 0 || !isProduction(line)) return [];
    const made = timeOfPrediction(line);
    const say = (label: string, weight: 1 | -1): TimedFact => ({
      time: made,
      key: line.model,
      partition: undefined,
      event: {
        kind: 'truth',
        line,
        label,
        isFirst: at === 0,
        weight,
        delaySeconds: Math.max(0, (Date.parse(time) - made) / 1000),
      },
    });
    return at === 0 ? [say(trail[0]!.label, 1)] : [say(trail[at - 1]!.label, -1), say(trail[at]!.label, 1)];
  });
}
