/** What every answer carries, and how a body is read: the same for the fast lane and for Hono. */
import type { IncomingHttpHeaders } from 'node:http';
import { BUSY, Fault } from '../fault.ts';
import type { Caller } from './predict.ts';

/** OWASP's recommended headers for an API; pages replace the content security policy by their own. */
export const SECURITY_HEADERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
} as const;

export const JSON_TYPE = 'application/json';

const IS_JSON = /^application\/json\s*(;|$)/i;
const REQUEST_ID = /^[\w.:-]{1,64}$/;
const ROUTING_KEY = /^[\w.:@+-]{1,128}$/;

export function isJson(contentType: string | undefined): boolean {
  return contentType === JSON_TYPE || IS_JSON.test(contentType ?? '');
}

/** Who asks, from well-formed headers alone; others are ignored, so nothing strange reaches a log. */
export function callerOf(headers: IncomingHttpHeaders, keyHeader: string): Caller {
  const requestId = headers['x-request-id'] as string | undefined;
  const key = headers[keyHeader] as string | undefined;
  return {
    start: performance.now(),
    requestId: requestId !== undefined && REQUEST_ID.test(requestId) ? requestId : undefined,
    key: key !== undefined && ROUTING_KEY.test(key) ? key : undefined,
  };
}

export function errorJson(error: string): string {
  return JSON.stringify({ error });
}

export const PROBLEMS = {
  notJson: `content-type must be ${JSON_TYPE}`,
  malformed: 'the body is not valid JSON',
  tooLarge: (bytes: number) => `the body may have at most ${bytes} bytes`,
  unrecorded: 'this could not be put on record, so it is not answered',
  internal: 'internal error',
} as const;

/** 503 for what could not be put on record, 500 for anything else; the message never reaches the client. */
export function failureOf(error: unknown): { status: 500 | 503; error: string } {
  const unrecorded = typeof (error as NodeJS.ErrnoException).syscall === 'string';
  const busy = error instanceof Fault && error.code === BUSY;
  return unrecorded || busy
    ? { status: 503, error: PROBLEMS.unrecorded }
    : { status: 500, error: PROBLEMS.internal };
}
