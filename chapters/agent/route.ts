/** POST /monitor: what metrics and drift mean and what to do, by the rules of make agent. */
import * as v from 'valibot';
import { sectionOf } from '../../lib/config/parse.ts';
import { Fault } from '../../lib/fault.ts';
import type { Project } from '../../lib/project.ts';
import { json, type Route, type ServerParts, withBody } from '../../lib/serve/route.ts';
import { checkPoints, readDrift } from './observe.ts';
import { observeOwnReports } from './own-reports.ts';
import { ACTIONS, makePlan } from './plan.ts';
import { agentSection } from './settings.ts';

const planSchema = v.object({
  status: v.picklist(['healthy', 'inconclusive', 'warn', 'critical']),
  findings: v.array(v.record(v.string(), v.unknown())),
  actions: v.array(v.picklist(ACTIONS)),
  rationale: v.string(),
});
const must = 'must be { metrics: [{ ts, roc_auc, … }], drift: { threshold, overall_drift, features } }';
const observationSchema = v.strictObject(
  { metrics: v.array(v.record(v.string(), v.unknown(), must), must), drift: v.nullish(v.unknown()) },
  must,
);

export function agentRoutes(project: Project): (parts: ServerParts) => Route[] {
  const rules = { ...sectionOf(project.config, agentSection), limits: project.config.monitoring.limits };
  return ({ deployment }) => [
    {
      id: 'monitor',
      method: 'POST',
      path: '/monitor',
      summary: 'What metrics and drift mean and what to do, by rules',
      body: json(observationSchema, {
        metrics: [
          { ts: '2026-01-01T00:00:00Z', roc_auc: 0.9, pr_auc: 0.6, latency_p95_ms: 120 },
          { ts: '2026-01-02T00:00:00Z', roc_auc: 0.86, pr_auc: 0.59, latency_p95_ms: 130 },
        ],
        drift: { threshold: 0.2, overall_drift: false, features: { age: 0.05 } },
      }),
      ok: {
        description: 'The plan, as make agent writes it; without a body, from the last runs of make monitor',
        content: json(planSchema),
      },
      errors: [400, 413, 415],
      handle(c) {
        if (c.req.header('content-length') === '0' || c.req.raw.body === null)
          return c.json(makePlan(observeOwnReports(project), rules));
        return withBody(c, deployment, observationSchema, ({ metrics, drift }) => {
          if (metrics.length > deployment.max_rows)
            return c.json({ error: `at most ${deployment.max_rows} points in one request` }, 413);
          const points = checkPoints(metrics.map((value, i) => ({ place: `metrics.${i}`, value })));
          try {
            const seen = { ...points, drift: drift == null ? null : readDrift(drift, 'drift') };
            return c.json(makePlan(seen, rules));
          } catch (error) {
            if (error instanceof Fault) return c.json({ error: error.message }, 400);
            throw error;
          }
        });
      },
    },
  ];
}
