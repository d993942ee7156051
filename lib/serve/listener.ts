/**
 * The node:http server around the app. POST /predict with a plain JSON body has a lane of its own that reads the request
 * and writes the answer without the objects a framework makes: the same predictor, the same answers, half the time.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Server as NetServer } from 'node:net';
import { getRequestListener, RequestError } from '@hono/node-server';
import type { Hono } from 'hono';
import type { Config } from '../config/schema.ts';
import type { Predictor } from '../predict/predict.ts';
import {
  callerOf,
  errorJson,
  failureOf,
  isJson,
  JSON_TYPE,
  mayCall,
  PROBLEMS,
  SECURITY_HEADERS,
} from './http.ts';
import type { ServerMetrics } from './metrics.ts';

/** Clients that keep a connection may still send on it for so long; they are told to close it with the answer. */
const IDLE_GRACE_MS = 250;

/** As a flat list, which node writes without looking at each as a property. */
const FIXED_HEADERS = Object.entries({ ...SECURITY_HEADERS, 'content-type': JSON_TYPE }).flat();

export interface ListenerOptions {
  readonly app: Hono;
  readonly predictor: Predictor;
  readonly metrics: Pick<ServerMetrics, 'request'>;
  readonly deployment: Config['deployment'];
  readonly smokeKey: string;
  readonly onError: (error: unknown) => void;
}

export interface Listener {
  readonly server: Server;
  /** Answers what was begun, closes every connection, and resolves when none is left or the time is over. */
  drain(timeoutMs: number): Promise<void>;
}

export function createListener(options: ListenerOptions): Listener {
  const { app, predictor, metrics, deployment, smokeKey, onError } = options;
  const { max_body_bytes: maxBytes, traffic } = deployment;
  const known = { keyHeader: traffic.key_header, smokeKey };
  const slowLane = getRequestListener(app.fetch, {
    errorHandler: (error) => {
      const isRequest = error instanceof RequestError;
      if (!isRequest) onError(error);
      const { status, error: said } = isRequest ? { status: 400, error: PROBLEMS.address } : failureOf(error);
      return new Response(errorJson(said), {
        status,
        headers: { ...SECURITY_HEADERS, 'content-type': JSON_TYPE },
      });
    },
  });
  let draining = false;

  const fastLane = (request: IncomingMessage, response: ServerResponse) => {
    const caller = callerOf(request.headers, known);
    const answer = (status: number, body: string) => {
      const headers = [...FIXED_HEADERS, 'content-length', String(Buffer.byteLength(body))];
      if (caller.requestId !== undefined) headers.push('x-request-id', caller.requestId);
      if (draining) headers.push('connection', 'close');
      response.writeHead(status, headers);
      response.end(body);
      metrics.request('/predict', status, (performance.now() - caller.start) / 1000, caller.requestId);
    };
    const fail = (error: unknown) => {
      onError(error);
      const { status, error: said } = failureOf(error);
      answer(status, errorJson(said));
    };
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      let body: unknown;
      try {
        body = JSON.parse(pieces.length === 1 ? pieces[0]!.toString() : Buffer.concat(pieces).toString());
      } catch {
        answer(400, errorJson(PROBLEMS.malformed));
        return;
      }
      predictor.answer(body, caller).then(({ status, body: text }) => answer(status, text), fail);
    });
  };

  /** Whatever is out of the ordinary goes the long way. */
  const isPlain = ({ method, url, headers }: IncomingMessage) =>
    method === 'POST' &&
    url === '/predict' &&
    isJson(headers['content-type']) &&
    Number(headers['content-length']) <= maxBytes &&
    mayCall(method, headers, deployment) === undefined &&
    headers.origin === undefined;

  const server = createServer(
    {
      headersTimeout: deployment.headers_timeout_ms,
      requestTimeout: deployment.request_timeout_ms,
      keepAliveTimeout: deployment.idle_timeout_ms,
      connectionsCheckingInterval: Math.min(1000, deployment.headers_timeout_ms),
      maxHeaderSize: 16_384,
    },
    (request, response) => {
      if (isPlain(request)) fastLane(request, response);
      else {
        if (draining) response.setHeader('connection', 'close');
        void slowLane(request, response);
      }
    },
  );
  server.maxConnections = deployment.max_connections;

  return {
    server,
    drain: (timeoutMs) =>
      new Promise((resolve) => {
        draining = true;
        const late = setTimeout(() => server.closeAllConnections(), timeoutMs);
        let idle: NodeJS.Timeout | undefined;
        const patience = setTimeout(() => {
          idle = setInterval(() => server.closeIdleConnections(), 25);
        }, IDLE_GRACE_MS);
        // http's own close() would cut idle connections at once, and with them a request that is just arriving.
        NetServer.prototype.close.call(server, () => {
          for (const timer of [late, patience, idle]) clearTimeout(timer);
          resolve();
        });
      }),
  };
}
