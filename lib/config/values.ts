/** Values that several settings take, each with what it must be in words. */
import * as v from 'valibot';

export const count = (minimum: number) =>
  v.pipe(
    v.number(`a whole number ≥ ${minimum}`),
    v.integer(`a whole number ≥ ${minimum}`),
    v.minValue(minimum, `a whole number ≥ ${minimum}`),
  );
export const between = (low: number, high: number) =>
  v.pipe(
    v.number(`a number from ${low} to ${high}`),
    v.minValue(low, `a number from ${low} to ${high}`),
    v.maxValue(high, `a number from ${low} to ${high}`),
  );
export const atLeast = (low: number) =>
  v.pipe(v.number(`a number ≥ ${low}`), v.minValue(low, `a number ≥ ${low}`));
export const above = (low: number) =>
  v.pipe(v.number(`a number above ${low}`), v.gtValue(low, `a number above ${low}`));
export const oneOf = <const T extends readonly string[]>(...options: T) =>
  v.picklist(options, `one of ${options.join(', ')}`);
export const milliseconds = v.pipe(count(100), v.maxValue(3_600_000, 'at most 3600000, an hour'));
export const text = v.pipe(v.string('text'), v.nonEmpty('text that is not empty'));
/** Make splits words at spaces and reads $, # and : itself. */
export const path = v.pipe(
  text,
  v.regex(/^[\w./@+-]+$/, 'a path of letters, digits and . _ - + @ / only, as make needs it'),
  v.check(
    (value) => !value.startsWith('/') && !value.split('/').includes('..'),
    "a path inside the config's folder",
  ),
);

/** Names that every object of JavaScript has, which a record of settings cannot hold. */
export const RESERVED = ['__proto__', 'constructor', 'prototype'];

export const VERSION = /^v[1-9]\d{0,8}$/;
export const ALIAS = /^[a-z][a-z0-9-]*$/;
export const version = v.pipe(v.string('a version such as v1'), v.regex(VERSION, 'a version such as v1'));

export const digest = v.pipe(
  v.string('64 hexadecimal digits'),
  v.regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits'),
);

/** Who sends labels, by a name that ledgers keep. */
export const SENDER = /^[a-z][a-z0-9._-]{0,39}$/;
/** The replay of days, which knows the key of the server's start, and the person at this machine. */
export const REPLAY = 'replay';
export const OPERATOR = 'operator';
/** Whoever needs no key, where deployment.feedback.senders is open, and whoever was there before senders had names. */
export const ANYONE = 'anyone';
export const UNNAMED = 'unnamed';
