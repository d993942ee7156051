/** What two versions did with requests of the same time: each of the new version's beside one of the model's. */
import type { Observed } from '../../lib/watch/window.ts';

/** What the log holds of one version. */
export interface Side {
  readonly predictions: readonly Observed[];
  /** When the version failed to answer. */
  readonly failures: readonly string[];
}

/** A request is one thing that happened, however many rows it brought. */
export interface Request {
  readonly time: string;
  readonly failed: boolean;
  /** Share of its rows that were given a wrong class; undefined where no truth is known. */
  readonly wrong?: number;
  readonly latency_ms?: number;
  readonly rows: readonly Observed[];
}

/** Oldest first. */
export function requestsOf({ predictions, failures }: Side): Request[] {
  const groups = new Map<string, Observed[]>();
  for (const line of predictions) {
    const key = line.list ?? line.id;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [line]);
    else group.push(line);
  }
  const answered = [...groups.values()].map((rows): Request => {
    const labelled = rows.filter(({ label }) => label !== undefined);
    const wrong = labelled.filter((line) => line.label !== line.class).length / labelled.length;
    const [{ time, latency_ms }] = rows as [Observed];
    return { time, failed: false, latency_ms, rows, ...(labelled.length === 0 ? {} : { wrong }) };
  });
  const failed = failures.map((time): Request => ({ time, failed: true, rows: [] }));
  return [...answered, ...failed].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
}

/** Each of the new version's requests with the model's nearest one in time that is not taken yet, in their order. */
export function pairUp(
  model: readonly Request[],
  next: readonly Request[],
): (readonly [model: Request, next: Request])[] {
  const pairs: (readonly [Request, Request])[] = [];
  let at = 0;
  for (const [i, request] of next.entries()) {
    const apart = (j: number) => Math.abs(Date.parse(model[j]!.time) - Date.parse(request.time));
    // As many are left for those after it as there are.
    const last = Math.min(model.length, model.length - (next.length - 1 - i)) - 1;
    while (at < last && apart(at + 1) <= apart(at)) at++;
    if (at >= model.length) break;
    pairs.push([model[at]!, request]);
    at++;
  }
  return pairs;
}
