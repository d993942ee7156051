/** What came from elsewhere, looked at before it joins the stream here: an event whole and of known keys alone, or the reason. */
import * as v from 'valibot';
import { VERSION } from '../../lib/config/values.ts';
import { areDrawn, EVENT_ID, secondOf } from '../../lib/record/event-id.ts';
import type { LogLine, ModelShape } from '../../lib/record/events.ts';

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const id = v.pipe(v.string(), v.regex(EVENT_ID, 'is no id of an event'));
const time = v.pipe(
  v.string(),
  v.regex(TIME, 'is no time'),
  v.check((text) => !Number.isNaN(Date.parse(text)), 'is no time'),
);
const model = v.pipe(v.string(), v.regex(VERSION, 'is no version'));
const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'is no sha256'));
const fields = v.record(v.string(), v.nullable(v.union([v.string(), v.number()])));
const text = v.optional(v.pipe(v.string(), v.maxLength(1000)));
const given = {
  probability: v.number(),
  class: v.string(),
  probabilities: v.optional(v.record(v.string(), v.number())),
};
const smoke = v.optional(v.literal(true));

const prediction = v.strictObject({
  id,
  time,
  model,
  sha256,
  route: v.picklist(['champion', 'canary']),
  ids: fields,
  input: fields,
  ...given,
  latency_ms: v.number(),
  key: text,
  salt: text,
  split: text,
  instead_of: v.optional(model),
  request: text,
  smoke,
  list: v.optional(id),
});
const shadow = v.strictObject({
  id,
  time,
  route: v.literal('shadow'),
  of: id,
  model,
  sha256,
  ...given,
});
const refusal = v.strictObject({
  id,
  time,
  route: v.picklist(['refused', 'failed']),
  model,
  smoke,
  problems: v.array(v.strictObject({ field: v.string(), problem: v.string() })),
  request: text,
});
const label = v.strictObject({
  id,
  time,
  of: id,
  label: v.string(),
  correction: v.optional(v.literal(true)),
  by: v.pipe(v.string(), v.maxLength(100)),
});

/** Broken UTF-8 is no event, rather than one with replaced letters. */
const strict = new TextDecoder('utf-8', { fatal: true });

/** A clock that is so far ahead of this one is wrong: its events would make those of all others late. */
const AHEAD_MS = 300_000;

/**
 * The event and its line. `shapes` are those of the versions that are known, to which that of the event is added; `key` is that of the
 * ids, where all machines share one.
 */
export function readForeign(
  value: Buffer,
  shapes: Map<string, ModelShape>,
  key?: Buffer,
  now = Date.now(),
): { readonly event: LogLine; readonly line: string } | { readonly reason: string } {
  let raw: unknown;
  try {
    raw = JSON.parse(strict.decode(value));
  } catch (error) {
    return { reason: error instanceof SyntaxError ? 'is no JSON' : 'is no UTF-8' };
  }
  const schema = schemaOf(raw);
  if (schema === undefined) return { reason: 'is no event of a kind that is known' };
  const checked = v.safeParse(schema, raw);
  if (!checked.success) {
    const [{ path, message }] = checked.issues;
    return { reason: `${path?.map(({ key }) => key).join('.') ?? ''} ${message}`.trim() };
  }
  const event = checked.output as LogLine;
  const { id: drawn, time: said } = checked.output;
  if (Math.max(Date.parse(said), (secondOf(drawn) ?? 0) * 1000) > now + AHEAD_MS)
    return { reason: `${said} is in the future` };
  if (key !== undefined && !areDrawn([drawn], key)[0])
    return { reason: 'its id was not drawn with the key that the servers share' };
  if ('input' in event) {
    const { model: version, sha256: hash, ids, input } = event;
    const known = shapes.get(version);
    if (known !== undefined && known.sha256 !== hash)
      return { reason: `${version} is ${known.sha256.slice(0, 12)}… here, and ${hash.slice(0, 12)}… there` };
    if (known === undefined)
      shapes.set(version, { version, sha256: hash, ids: Object.keys(ids), input: Object.keys(input) });
  }
  return { event, line: JSON.stringify(event) };
}

function schemaOf(raw: unknown) {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return undefined;
  if ('label' in raw) return label;
  if (!('route' in raw)) return undefined;
  const { route } = raw;
  if (route === 'champion' || route === 'canary') return prediction;
  if (route === 'shadow') return shadow;
  return route === 'refused' || route === 'failed' ? refusal : undefined;
}
