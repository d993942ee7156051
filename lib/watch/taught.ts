/** The predictions whose truth may be learnt: of senders who have a name, each row with that name. */
import { ANYONE, UNNAMED } from '../config/values.ts';
import type { Ledgers } from '../record/catalogue.ts';
import { everyPrediction } from '../record/predictions.ts';
import { followTruth, truthOf } from '../record/truth.ts';
import type { Observed } from './window.ts';

export interface Taught extends Observed {
  readonly label: string;
  /** Who said what was true. */
  readonly by: string;
}

/** Oldest first, without those that joined training before; of strangers it is said how many. */
export function readTaught(
  ledgers: Ledgers,
  joined: ReadonlySet<string | undefined>,
): { taught: Taught[]; strangers: number } {
  const stream = followTruth(ledgers);
  const taught: Taught[] = [];
  let strangers = 0;
  for (const lines of everyPrediction(stream)) {
    const fresh = lines.filter(({ id }) => !joined.has(id));
    const truth = truthOf(
      ledgers,
      fresh.map(({ id }) => id),
    );
    for (const line of fresh) {
      const said = truth.get(line.id);
      if (said === undefined) continue;
      if (said.by === ANYONE || said.by === UNNAMED) strangers++;
      else taught.push({ ...line, label: said.label, by: said.by });
    }
  }
  taught.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  return { taught, strangers };
}
