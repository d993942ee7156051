/** POST /explain: what each input adds to the prediction of one row or some rows; puts nothing on record. */
import * as v from 'valibot';
import type { Rows } from '../../lib/predict/input.ts';
import type { ServedModel } from '../../lib/predict/served-model.ts';
import type { Project } from '../../lib/project.ts';
import type { Given } from '../../lib/record/events.ts';
import { json, oneOrMany, type Route, type ServerParts, withBody } from '../../lib/serve/route.ts';
import type { Explainer } from './explain.ts';
import { inputGroups, sumByInput } from './inputs.ts';
import { versionExplainer } from './version.ts';

/** Rows that one request may have explained, since an explanation takes about a thousand times as long as a prediction. */
const ROWS = 100;

const probability = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const explanationSchema = v.object({
  model: v.pipe(v.string(), v.description('Version that is explained')),
  sha256: v.pipe(v.string(), v.description('Of its model.json')),
  probability: v.optional(probability),
  class: v.string(),
  method: v.picklist(['path_dependent', 'interventional', 'linear']),
  space: v.pipe(
    v.picklist(['probability', 'log-odds', 'margin']),
    v.description('What base and contributions add up in'),
  ),
  of: v.pipe(v.string(), v.description('The class whose output is explained')),
  base: v.number(),
  contributions: v.record(v.string(), v.number()),
  output: v.number(),
});
export type RowExplanation = v.InferOutput<typeof explanationSchema> & Given;

export function explainRoutes(project: Project): (parts: ServerParts) => Route[] {
  /** Prepared when an explanation is first asked for. */
  const explainers = new WeakMap<ServedModel, Explainer>();
  const explainerFor = (model: ServedModel) => {
    const there = explainers.get(model) ?? versionExplainer(project, model.loaded);
    explainers.set(model, there);
    return there;
  };
  return ({ fleet, deployment }) => [
    {
      id: 'explain',
      method: 'POST',
      path: '/explain',
      summary: 'What each input adds to the prediction of one row or some rows',
      body: json(oneOrMany('Row', ROWS), fleet.current().model.loaded.signature.example),
      ok: {
        description:
          'Base and contributions add up to the output. Explains the model, whatever the split, and puts nothing on record',
        content: json(v.union([explanationSchema, v.array(explanationSchema)])),
      },
      errors: [400, 413, 415],
      handle: (c) =>
        withBody(c, deployment, v.unknown(), (body) => {
          const many = Array.isArray(body);
          const rows = many ? (body as unknown[]) : [body];
          if (rows.length === 0) return c.json({ error: 'the list of rows is empty' }, 400);
          if (rows.length > ROWS)
            return c.json({ error: `at most ${ROWS} rows are explained in one request` }, 413);
          const { model } = fleet.current();
          const parsed = model.parse(rows);
          if ('problems' in parsed) return c.json({ error: 'invalid input', fields: parsed.problems }, 400);
          const explanations = explainServed(model, explainerFor(model), parsed);
          return c.json(many ? explanations : explanations[0]);
        }),
    },
  ];
}

/** Contributions to what is given for each row; fails if they do not add up. */
export function explainServed(model: ServedModel, explainer: Explainer, rows: Rows): RowExplanation[] {
  const { pipeline, signature } = model.loaded;
  const { outputs } = signature.output;
  const groups = inputGroups(pipeline);
  const width = pipeline.features.length;
  const [scores, features] = [model.score(rows), model.features(rows)];
  return rows.rows.map(({ sensitive }, i) => {
    const given = model.give(scores, i, sensitive);
    const output = outputs.length === 1 ? 0 : outputs.indexOf(given.class);
    const { base, contributions, output: sum } = explainer.explain(features, i * width, output);
    const sums = sumByInput(groups, contributions);
    return {
      model: model.version,
      sha256: model.sha256,
      ...given,
      method: explainer.method,
      space: explainer.space,
      of: outputs[output]!,
      base,
      contributions: Object.fromEntries(groups.names.map((name, group) => [name, sums[group]!])),
      output: sum,
    };
  });
}
