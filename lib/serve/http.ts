/** What every answer carries, and how a body is read: the same for the fast lane and for Hono. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Config } from '../config/schema.ts';
import { BUSY, Fault } from '../fault.ts';
import { isSecret } from '../files/secret.ts';
import type { Caller } from '../predict/predict.ts';

/** OWASP's recommended headers for an API; pages replace the content security policy by their own. */
export const SECURITY_HEADERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  // Browsers then say the origin of a form's POST to its own page, which mayCall asks for.
  'referrer-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

export const JSON_TYPE = 'application/json';

const IS_JSON = /^application\/json\s*(;|$)/i;
const REQUEST_ID = /^[\w.:-]{1,64}$/;
/** Holds the key of the server's start, which only its own smoke test can read. */
export const SMOKE_HEADER = 'x-smoke';
const ROUTING_KEY = /^[\w.:@+-]{1,128}$/;

export function isJson(contentType: string | undefined): boolean {
  return contentType === JSON_TYPE || IS_JSON.test(contentType ?? '');
}

/** Who asks, from well-formed headers alone; others are ignored, so nothing strange reaches a log. */
export function callerOf(
  headers: IncomingHttpHeaders,
  { keyHeader, smokeKey }: { readonly keyHeader: string; readonly smokeKey: string },
): Caller {
  const requestId = headers['x-request-id'] as string | undefined;
  const key = headers[keyHeader] as string | undefined;
  return {
    start: performance.now(),
    requestId: requestId !== undefined && REQUEST_ID.test(requestId) ? requestId : undefined,
    key: key !== undefined && ROUTING_KEY.test(key) ? key : undefined,
    isSmoke: SMOKE_HEADER in headers && isSecret(headers[SMOKE_HEADER] as string, smokeKey),
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
  address: 'the address is none that could be read',
  noRoute: 'no such route: GET /openapi.json lists them',
} as const;

/** 503 for what could not be put on record, 500 for anything else; the message never reaches the client. */
export function failureOf(error: unknown): { status: 500 | 503; error: string } {
  const unrecorded = typeof (error as NodeJS.ErrnoException).syscall === 'string';
  const busy = error instanceof Fault && error.code === BUSY;
  return unrecorded || busy
    ? { status: 503, error: PROBLEMS.unrecorded }
    : { status: 500, error: PROBLEMS.internal };
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3})$/;
const ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:.]+\])$/i;

/**
 * Who may not call: a page under a name that leads here and is none of ours (DNS rebinding; an address is no name), and what
 * a page of another origin sends, which could otherwise make a visitor's browser put rows on record. Browsers say the origin
 * of every POST, and Sec-Fetch-Site where they trust the connection; programs say neither.
 */
export function mayCall(
  method: string | undefined,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  { hosts, host, cors }: Pick<Config['deployment'], 'hosts' | 'host' | 'cors'>,
): { status: 403 | 421; error: string } | undefined {
  const called = String(headers.host ?? 'localhost').toLowerCase();
  const name = called.replace(/:\d+$/, '');
  if (!LOOPBACK.test(name) && !ADDRESS.test(name) && name !== host && !hosts.includes(name))
    return { status: 421, error: 'this server is not called by that name (deployment.hosts)' };
  if (method !== 'POST') return undefined;
  const { origin } = headers;
  const site = headers['sec-fetch-site'] ?? 'none';
  const isOurs =
    (site === 'same-origin' || site === 'none') &&
    (origin === undefined ||
      String(origin)
        .replace(/^https?:\/\//, '')
        .toLowerCase() === called);
  if (isOurs || cors.includes('*') || cors.includes(String(origin ?? ''))) return undefined;
  return { status: 403, error: 'pages of this origin may not call (deployment.cors)' };
}
