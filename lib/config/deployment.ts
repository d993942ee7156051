/** Settings of the server. */
import * as v from 'valibot';
import { ALIAS, atLeast, between, count, milliseconds, oneOf, text, VERSION, version } from './values.ts';

export const deploymentSchema = v.strictObject({
  model: v.pipe(
    text,
    v.check(
      (name) => VERSION.test(name) || ALIAS.test(name) || name === 'Production' || name === 'Staging',
      'an alias such as champion, a version such as v1, latest, or the stage Production or Staging',
    ),
  ),
  host: text,
  port: v.pipe(count(0), v.maxValue(65535, 'a port from 0 to 65535')),
  workers: v.pipe(count(1), v.maxValue(64, 'a whole number from 1 to 64')),
  threshold: v.union([oneOf('model'), between(0, 1)], 'model or a number from 0 to 1'),
  durability: oneOf('process', 'disk'),
  traffic: v.strictObject({
    split: v.record(
      v.pipe(v.string(), v.regex(VERSION, 'a version such as v3')),
      v.pipe(between(0, 100), v.gtValue(0, 'a number above 0')),
    ),
    shadow: v.array(version, 'a list of versions'),
    key_header: v.pipe(
      text,
      v.regex(/^x-[a-z0-9-]+$/, 'the name of a header of your own in small letters, beginning with x-'),
    ),
    salt: v.pipe(text, v.regex(/^[\w.-]+$/, 'letters, digits and . _ - only')),
  }),
  log: v.strictObject({
    max_bytes: v.pipe(
      count(1024),
      v.maxValue(500_000_000, 'at most 500000000, since a segment may be read whole'),
    ),
    keep_days: atLeast(0),
    requests: v.boolean('true or false'),
  }),
  feedback: v.strictObject({ senders: oneOf('keys', 'open'), per_hour: count(1) }),
  max_rows: count(1),
  max_body_bytes: count(1),
  max_connections: count(1),
  headers_timeout_ms: milliseconds,
  request_timeout_ms: milliseconds,
  idle_timeout_ms: milliseconds,
  drain_timeout_ms: milliseconds,
  hosts: v.array(
    v.pipe(text, v.regex(/^[a-z0-9.-]+$/, 'a host name in small letters, without a port')),
    'a list of host names',
  ),
  reports: v.boolean('true or false'),
  cors: v.array(
    v.pipe(text, v.regex(/^(\*|https?:\/\/[^/\s]+)$/, 'an origin such as https://example.org, or *')),
    'a list of origins',
  ),
  poll_ms: v.pipe(count(10), v.maxValue(1000, 'at most 1000, so that a move is seen within a second')),
});
