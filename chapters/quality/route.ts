/** POST /quality: one row, or a batch as a table, judged by the rules that make sense there; puts nothing on record. */
import * as v from 'valibot';
import { sectionOf } from '../../lib/config/parse.ts';
import { namedColumns } from '../../lib/config/roles.ts';
import type { Project } from '../../lib/project.ts';
import { json, oneOrMany, type Route, type ServerParts, withBody } from '../../lib/serve/route.ts';
import { BLOCK_ROWS } from './block.ts';
import { profileBefore, readHistory } from './history.ts';
import { verdictOf } from './judged.ts';
import { blockOf, columnsOf } from './row-judge.ts';
import { EXPECTATIONS, qualitySection } from './settings.ts';
import { openSuite } from './suite.ts';

const verdict = v.picklist(['pass', 'fail', 'inconclusive']);
const answer = v.object({
  verdict,
  rows: v.number(),
  rules: v.array(
    v.object({
      rule: v.pipe(v.string(), v.description('In words')),
      severity: v.picklist(['stop', 'warn']),
      verdict,
      judged: v.pipe(v.number(), v.description('Rows that were judged')),
      failing: v.pipe(v.number(), v.description('Rows that fail')),
      observed: v.nullable(v.string()),
      rows: v.pipe(v.array(v.number()), v.description('Places of the first rows that fail, from 0')),
    }),
  ),
});

export function qualityRoutes(project: Project): (parts: ServerParts) => Route[] {
  const { expectations } = sectionOf(project.config, qualitySection);
  const all = namedColumns(project.config.schema);
  return ({ fleet, deployment }) => [
    {
      id: 'quality',
      method: 'POST',
      path: '/quality',
      summary: 'What the expectations say of a row, or of a batch as a table',
      body: json(oneOrMany('Row', deployment.max_rows), fleet.current().model.loaded.signature.example),
      ok: {
        description: 'A verdict, and what each rule says; nothing is predicted or put on record',
        content: json(answer),
      },
      errors: [400, 413, 415],
      handle: (c) =>
        withBody(c, deployment, v.unknown(), (body) => {
          const rows = Array.isArray(body) ? (body as unknown[]) : [body];
          if (rows.length === 0) return c.json({ error: 'the list of rows is empty' }, 400);
          if (rows.length > deployment.max_rows)
            return c.json({ error: `at most ${deployment.max_rows} rows in one request` }, 413);
          const { model } = fleet.current();
          const parsed = model.parse(rows);
          if ('problems' in parsed) return c.json({ error: 'invalid input', fields: parsed.problems }, 400);
          // Of a single row it is asked what can be said of it alone.
          const rules = Array.isArray(body)
            ? expectations
            : expectations.filter(({ expect }) => EXPECTATIONS[expect]!.isAlone);
          const columns = columnsOf(model.loaded.signature);
          const before = rules.some(({ expect }) => EXPECTATIONS[expect]!.kind === 'before')
            ? profileBefore(readHistory(project), undefined)
            : undefined;
          const suite = openSuite(rules, { columns, all, before, now: new Date(), onFailure() {} });
          const width = columns.length;
          for (let from = 0; from < rows.length; from += BLOCK_ROWS) {
            const some = parsed.rows.slice(from, from + BLOCK_ROWS);
            const block = blockOf(
              { rows: some, values: parsed.values.subarray(from * width) },
              columns,
              columns.map(() => undefined),
            );
            suite.take({ ...block, places: block.places.map((place) => place + from) });
          }
          const results = suite.results();
          return c.json({
            verdict: verdictOf(results),
            rows: rows.length,
            rules: results.map(({ rule, severity, verdict: each, judged, failing, observed, places }) => ({
              rule,
              severity,
              verdict: each,
              judged,
              failing,
              observed,
              rows: places,
            })),
          });
        }),
    },
  ];
}
