/** What is new in the stream of events, in blocks that a watch folds one after the other. */
import type { StreamPosition } from '../record/stream.ts';
import type { FactReader, TimedFact } from './facts.ts';
import type { Block } from './vigil.ts';
import type { Observed, Window } from './window.ts';

/** Hands on what came after a position for one version, and returns the position after it. The last block may be empty. */
export function readBlocks(
  read: FactReader,
  after: StreamPosition,
  version: string,
  time: string,
  onBlock: (block: Block) => void,
): StreamPosition {
  const onFacts = (facts: readonly TimedFact[]) =>
    onBlock(
      blockOf(
        facts.filter(({ key }) => key === version),
        time,
      ),
    );
  return read(after, onFacts).position;
}

function blockOf(facts: readonly TimedFact[], time: string): Block {
  const predictions: Observed[] = [];
  const labelled: Observed[] = [];
  const requests: { time: number; refused: boolean }[] = [];
  for (const { time, event } of facts) {
    // A correction was looked at when it was first said.
    if (event.kind === 'truth' && event.isFirst) labelled.push({ ...event.line, label: event.label });
    if (event.kind === 'prediction') predictions.push({ ...event.line, label: undefined });
    if (event.kind !== 'truth') requests.push({ time, refused: event.kind === 'refusal' });
  }
  return { predictions, labelled, refused: inOrder(requests), time };
}

/** Where there was no look before, the watch begins with the window. */
export function firstBlock({ predictions, judged, refusals }: Window, time: string): Block {
  const requests = [
    ...predictions.map((line) => ({ time: Date.parse(line.time), refused: false })),
    ...refusals.map((line) => ({ time: Date.parse(line.time), refused: true })),
  ];
  const labelled = judged.filter(({ label }) => label !== undefined);
  return { predictions, labelled, refused: inOrder(requests), time };
}

function inOrder(requests: readonly { readonly time: number; readonly refused: boolean }[]): boolean[] {
  return [...requests].sort((a, b) => a.time - b.time).map(({ refused }) => refused);
}
