/** The API, built without listening from a table of routes: test it with app.request(). */
import type { IncomingHttpHeaders } from 'node:http';
import type { Context } from 'hono';
import { Hono } from 'hono';
import { cors } from 'hono/cors';
import { bearerOnly } from './bearer.ts';
import { callerOf, failureOf, mayCall, PROBLEMS, SECURITY_HEADERS } from './http.ts';
import type { ServerMetrics } from './metrics.ts';
import { openApiDocument } from './openapi.ts';
import { missing } from './reports.ts';
import type { Route, ServerParts } from './route.ts';
import { type CoreParts, coreRoutes } from './routes.ts';

export interface AppOptions extends Omit<CoreParts, 'callerOf' | 'document' | 'onError'> {
  readonly metrics: Pick<ServerMetrics, 'request'>;
  readonly smokeKey: string;
  /** Routes of chapters. */
  readonly more?: readonly ((parts: ServerParts) => readonly Route[])[];
  readonly onError?: (error: unknown) => void;
}

type Env = { Bindings: { incoming?: { headers: IncomingHttpHeaders } } };

export interface App {
  readonly hono: Hono;
  /** What it answers: the table that it was made from. */
  readonly routes: readonly Route[];
}

export function createApp(options: AppOptions): App {
  const { deployment, fleet, name, admin, more = [] } = options;
  const { traffic, cors: origins } = deployment;
  const known = { keyHeader: traffic.key_header, smokeKey: options.smokeKey };
  const parts: CoreParts = {
    onError: (error) => console.error(error),
    ...options,
    callerOf: (c) => callerOf(Object.fromEntries(c.req.raw.headers) as IncomingHttpHeaders, known),
    document: () => openApiDocument(routes, name, fleet.current().model, deployment),
  };
  const routes = [...coreRoutes(parts), ...more.flatMap((routesOf) => routesOf(parts))].filter(
    (route) => !route.admin || admin.token !== undefined,
  );
  const app = new Hono<Env>();
  app.use(async (c, next) => {
    const start = performance.now();
    await next();
    for (const [header, value] of Object.entries(SECURITY_HEADERS))
      if (!c.res.headers.has(header)) c.res.headers.set(header, value);
    const { requestId } = parts.callerOf(c);
    if (requestId !== undefined) c.res.headers.set('x-request-id', requestId);
    const route = routes.find(({ path }) => path === c.req.routePath)?.path ?? 'none';
    options.metrics.request(route, c.res.status, (performance.now() - start) / 1000, requestId);
  });
  app.use(async (c, next) => {
    const refusal = mayCall(c.req.method, c.req.header(), deployment);
    if (refusal !== undefined) return c.json({ error: refusal.error }, refusal.status);
    return await next();
  });
  if (origins.length > 0)
    app.use(
      cors({
        origin: origins.includes('*') ? '*' : origins,
        allowMethods: ['GET', 'POST'],
        allowHeaders: ['content-type', 'x-request-id', traffic.key_header],
        maxAge: 600,
      }),
    );
  for (const { method, path, admin: closed, handle } of routes)
    if (closed) app.on(method, path, bearerOnly(admin.token!), handle);
    else app.on(method, path, handle);
  for (const path of new Set(routes.map((route) => route.path))) {
    const allowed = routes.filter((route) => route.path === path).map(({ method }) => method);
    app.all(path, (c) =>
      c.json({ error: `use ${allowed.join(' or ')}` }, 405, { allow: allowed.join(', ') }),
    );
  }
  app.notFound((c) => {
    const isFolder = routes.some(({ path }) => path === `${c.req.path}/`);
    return isFolder ? c.redirect(`${c.req.path.split('/').at(-1)}/`) : missing(c, PROBLEMS.noRoute);
  });
  app.onError((error, c: Context) => {
    parts.onError(error);
    const { status, error: said } = failureOf(error);
    return c.json({ error: said }, status);
  });
  return { hono: app as unknown as Hono, routes };
}
