/** Every route of the API: what is not here is not there. Handlers (app.ts) and descriptions (openapi.ts) are keyed by id. */

export interface Route {
  readonly id: string;
  readonly method: 'GET' | 'POST';
  /** With :name for a part that varies. */
  readonly path: string;
  readonly summary: string;
  /** Needs the administrator's token, and is not there without one configured. */
  readonly admin?: boolean;
}

export const ROUTES = [
  { id: 'status', method: 'GET', path: '/', summary: 'What is live and how it does, as a page' },
  { id: 'status_form', method: 'POST', path: '/', summary: 'A prediction by the form of that page' },
  {
    id: 'health',
    method: 'GET',
    path: '/health',
    summary: 'Whether the server is up, and which bytes answer',
  },
  { id: 'ready', method: 'GET', path: '/ready', summary: 'Whether to send traffic' },
  {
    id: 'model_info',
    method: 'GET',
    path: '/model_info',
    summary: 'The model, its metrics and its signature',
  },
  {
    id: 'metrics',
    method: 'GET',
    path: '/metrics',
    summary: 'Counters of the server in the Prometheus text format',
  },
  { id: 'openapi', method: 'GET', path: '/openapi.json', summary: 'This document' },
  { id: 'docs', method: 'GET', path: '/docs', summary: 'This document as a page to try it with' },
  { id: 'docs_file', method: 'GET', path: '/docs/:file', summary: 'A file of that page' },
  { id: 'predict', method: 'POST', path: '/predict', summary: 'Predicts one row or a list of rows' },
  {
    id: 'explain',
    method: 'POST',
    path: '/explain',
    summary: 'What each input adds to the prediction of one row or some rows',
  },
  {
    id: 'predict_batch',
    method: 'POST',
    path: '/predict_batch',
    summary: 'Predicts rows of a CSV or NDJSON stream',
  },
  { id: 'feedback', method: 'POST', path: '/feedback', summary: 'Records the truth of predictions' },
  {
    id: 'monitor',
    method: 'POST',
    path: '/monitor',
    summary: 'What metrics and drift mean and what to do, by rules',
  },
  {
    id: 'admin_reload',
    method: 'POST',
    path: '/admin/reload',
    summary: 'Looks at the registry again',
    admin: true,
  },
  {
    id: 'admin_routes',
    method: 'POST',
    path: '/admin/routes',
    summary: 'Shares the traffic among versions',
    admin: true,
  },
  { id: 'v2_server', method: 'GET', path: '/v2', summary: 'Open Inference Protocol: the server' },
  { id: 'v2_live', method: 'GET', path: '/v2/health/live', summary: 'Open Inference Protocol: is it up' },
  {
    id: 'v2_ready',
    method: 'GET',
    path: '/v2/health/ready',
    summary: 'Open Inference Protocol: is it ready',
  },
  {
    id: 'v2_model',
    method: 'GET',
    path: '/v2/models/:model',
    summary: 'Open Inference Protocol: inputs and outputs',
  },
  {
    id: 'v2_model_ready',
    method: 'GET',
    path: '/v2/models/:model/ready',
    summary: 'Open Inference Protocol: is the model ready',
  },
  {
    id: 'v2_infer',
    method: 'POST',
    path: '/v2/models/:model/infer',
    summary: 'Open Inference Protocol: predicts tensors',
  },
] as const satisfies readonly Route[];

/** Rows that one request may have explained, since an explanation takes about a thousand times as long as a prediction. */
export const EXPLAINED_ROWS = 100;

export type RouteId = (typeof ROUTES)[number]['id'];
