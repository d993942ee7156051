/** What is new in the stream of events, in blocks that a watch folds one after the other. */
import type { Ledgers } from '../record/catalogue.ts';
import { type LabelLine, type PredictionLine, predictionsIn } from '../record/events.ts';
import { isProduction, predictionsById } from '../record/predictions.ts';
import { readStream, type StreamPosition } from '../record/stream.ts';
import { followTruth, truthOf } from '../record/truth.ts';
import type { Block } from './vigil.ts';
import { observe, type Window } from './window.ts';

/** Events of a block at most, so that who was long away needs no more memory. */
const MOST = 20_000;
/** Predictions that are held for the labels that soon come for them. */
const MOST_HELD = 50_000;

interface Fresh {
  readonly predictions: PredictionLine[];
  readonly requests: { readonly time: string; readonly refused: boolean }[];
  readonly labels: LabelLine[];
}

const nothing = (): Fresh => ({ predictions: [], requests: [], labels: [] });

/** Hands on what came after a position for one version, and returns the position after it. The last block may be empty. */
export function readBlocks(
  ledgers: Ledgers,
  after: StreamPosition,
  version: string,
  time: string,
  onBlock: (block: Block) => void,
): StreamPosition {
  let fresh = nothing();
  let events = 0;
  const held = new Map<string, PredictionLine>();
  const hand = () => {
    for (const line of fresh.predictions) held.set(line.id, line);
    for (const id of held.keys()) if (held.size > MOST_HELD) held.delete(id);
    onBlock(blockOf(ledgers, version, fresh, held, time));
    fresh = nothing();
    events = 0;
  };
  const { position } = readStream(ledgers, after, (event) => {
    if (!isProduction(event)) return;
    if ('label' in event) fresh.labels.push(event);
    else if (event.model !== version || event.route === 'shadow') return;
    else if ('problems' in event) fresh.requests.push({ time: event.time, refused: true });
    else {
      const lines = predictionsIn(event);
      fresh.predictions.push(...lines);
      for (const line of lines) fresh.requests.push({ time: line.time, refused: false });
      events += lines.length;
    }
    events++;
    if (events >= MOST) hand();
  });
  hand();
  return position;
}

/** Where there was no look before, the watch begins with the window. */
export function firstBlock({ predictions, judged, refusals }: Window, time: string): Block {
  const requests = [
    ...predictions.map((line) => ({ time: line.time, refused: false })),
    ...refusals.map((line) => ({ time: line.time, refused: true })),
  ];
  const labelled = judged.filter(({ label }) => label !== undefined);
  return { predictions, labelled, refused: inOrder(requests), time };
}

function inOrder(requests: Fresh['requests']): boolean[] {
  return [...requests]
    .sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))
    .map(({ refused }) => refused);
}

function blockOf(
  ledgers: Ledgers,
  version: string,
  { predictions, requests, labels }: Fresh,
  held: ReadonlyMap<string, PredictionLine>,
  time: string,
): Block {
  const stream = followTruth(ledgers);
  const of = labels.map((label) => label.of);
  const truth = truthOf(ledgers, [...of, ...predictions.map(({ id }) => id)]);
  // A label counts once, when it comes for the first time.
  const first = labels.filter(({ id, of }) => truth.get(of)?.first === id).map((label) => label.of);
  const found = predictionsById(
    stream,
    first.filter((id) => !held.has(id)),
  );
  const told = first
    .flatMap((id) => held.get(id) ?? found.get(id) ?? [])
    .filter((line) => line.model === version && isProduction(line));
  return {
    predictions: observe(predictions, truth),
    labelled: observe(told, truth),
    refused: inOrder(requests),
    time,
  };
}
