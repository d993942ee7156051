/** The predictions whose truth may be learnt: of senders who have a name, each row with that name. */
import { ANYONE, UNNAMED } from '../config/values.ts';
import type { Ledgers } from '../record/catalogue.ts';
import { isProduction, predictionsById } from '../record/predictions.ts';
import { everyTruth, followTruth, type Truth } from '../record/truth.ts';
import type { Observed } from './window.ts';

export interface Taught extends Observed {
  readonly label: string;
  /** Who said what was true. */
  readonly by: string;
}

/** Labels whose predictions are looked for together. */
const MOST = 100_000;

/**
 * Oldest first, without those that joined training before; of strangers it is said how many. Only segments that hold predictions of
 * labels that are not learnt yet are read.
 */
export function readTaught(
  ledgers: Ledgers,
  joined: ReadonlySet<string | undefined>,
): { taught: Taught[]; strangers: number } {
  const stream = followTruth(ledgers);
  const taught: Taught[] = [];
  let strangers = 0;
  const wanted = new Map<string, Truth>();
  const find = () => {
    for (const [id, line] of [...predictionsById(stream, wanted.keys())].reverse()) {
      const { label, by } = wanted.get(id)!;
      if (isProduction(line)) taught.push({ ...line, label, by });
    }
    wanted.clear();
  };
  for (const span of everyTruth(ledgers)) {
    for (const [id, said] of span) {
      if (joined.has(id)) continue;
      if (said.by === ANYONE || said.by === UNNAMED) strangers++;
      else wanted.set(id, said);
    }
    if (wanted.size >= MOST) find();
  }
  find();
  // Of one moment as they came: an order by their ids would be another one each time that the same requests are made.
  taught.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  return { taught, strangers };
}
