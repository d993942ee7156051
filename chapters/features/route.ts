/** POST /features and /predict/entity: what is known of an entity now, and a prediction from it. */
import type { Context } from 'hono';
import * as v from 'valibot';
import { sectionOf } from '../../lib/config/parse.ts';
import type { Caller } from '../../lib/predict/predict.ts';
import type { Project } from '../../lib/project.ts';
import { logEvent } from '../../lib/serve/application-log.ts';
import { type Json, json, type Route, ref, type ServerParts, withBody } from '../../lib/serve/route.ts';
import { type OnlineFeatures, openOnline, type ViewFeatures } from './serve.ts';
import { type FeatureSettings, featuresSection } from './settings.ts';

const value = v.nullable(v.number());
const viewSchema = v.object({
  view: v.string(),
  ageSeconds: v.pipe(
    value,
    v.description('Since the latest row that counts; null where nothing is known that is young enough'),
  ),
  features: v.record(v.string(), value),
});
const entitySchema = v.record(v.string(), v.pipe(v.string(), v.maxLength(200)));
const entityBody = v.strictObject({
  entity: v.pipe(entitySchema, v.description('The columns that name it')),
});
const predictBody = v.strictObject({
  ...entityBody.entries,
  row: v.optional(v.record(v.string(), v.unknown()), {}),
});

const EXAMPLE = { entity: { machine: 'm-001' }, row: {} };
const GONE = 'the features cannot be read now';

type Known = { readonly views: ViewFeatures[] } | { readonly missing: string } | { readonly isGone: true };

/** What the request's id on record begins with where features were joined here; then the time that they are of. No client's id has a space. */
export const BY_ENTITY = 'entity ';

function markedBy(caller: Caller, time: number): Caller {
  return { ...caller, requestId: `${BY_ENTITY}${time}:${caller.requestId ?? ''}` };
}

export function featureRoutes(project: Project): (parts: ServerParts) => Route[] {
  const settings = sectionOf(project.config, featuresSection);
  /** Opened when it is first asked for; a store that went away is opened anew. */
  let open: Promise<OnlineFeatures> | undefined;
  const online = () => {
    open ??= openOnline(project).catch((error: Error) => {
      open = undefined;
      throw error;
    });
    return open;
  };
  const known = async (entity: Readonly<Record<string, string>>, time: number): Promise<Known> => {
    try {
      const features = await online();
      const missing = features.entity.find((name) => entity[name] === undefined);
      if (missing !== undefined) return { missing };
      return { views: await features.read(entity, time) };
    } catch (error) {
      logEvent('error', 'features could not be read', { problem: (error as Error).message });
      return { isGone: true };
    }
  };

  return ({ predictor, callerOf, deployment, fleet }) => [
    {
      id: 'features',
      method: 'POST',
      path: '/features',
      summary: 'What is known of an entity now, and how old it is',
      body: json(entityBody, { entity: EXAMPLE.entity }),
      ok: {
        description: 'By view its features; null where nothing is known',
        content: json(v.array(viewSchema)),
      },
      errors: [400, 413, 415, 503],
      handle: (c) =>
        withBody(c, deployment, entityBody, async ({ entity }) => {
          const found = await known(entity, Date.now());
          if ('missing' in found) return missingField(c, found.missing);
          return 'isGone' in found ? c.json({ error: GONE }, 503) : c.json(found.views);
        }),
    },
    {
      id: 'predictEntity',
      method: 'POST',
      path: '/predict/entity',
      summary: 'Predicts from an entity: its features are joined to the fields that the request has',
      keyed: true,
      body: json(predictBody, EXAMPLE),
      ok: {
        description:
          'The prediction, with the age of each view; stale names views of which nothing young enough was known',
        content: json({
          allOf: [
            ref('Prediction'),
            {
              type: 'object',
              properties: {
                views: { type: 'object' },
                stale: { type: 'array', items: { type: 'string' } },
              },
            },
          ],
        } as Json),
      },
      errors: [400, 413, 415, 503],
      handle: (c) =>
        withBody(c, deployment, predictBody, async ({ entity, row }) => {
          const time = Date.now();
          const found = await known(entity, time);
          if ('missing' in found) return missingField(c, found.missing);
          if ('isGone' in found && settings.stale === 'refuse') return c.json({ error: GONE }, 503);
          // What cannot be read is as stale as what is too old.
          const views = 'isGone' in found ? nothingKnown(settings) : found.views;
          const stale = views.flatMap(({ view, ageSeconds }) => (ageSeconds === null ? [view] : []));
          if (stale.length > 0 && settings.stale === 'refuse')
            return c.json(
              { error: `nothing young enough is known of ${stale.join(', ')} for this entity` },
              503,
            );
          const features = Object.assign(
            {},
            ...views.map((each) => each.features),
          ) as ViewFeatures['features'];
          const { inputs } = fleet.current().model.loaded.signature;
          const joined = inputs.flatMap(({ name }) =>
            Object.hasOwn(features, name) ? [[name, features[name]]] : [],
          );
          const asked = { ...entity, ...Object.fromEntries(joined), ...row };
          const predicted = await predictor.all([asked], markedBy(callerOf(c), time));
          if ('problems' in predicted)
            return c.json({ error: 'invalid input', fields: predicted.problems }, 400);
          return c.json({
            ...predicted[0],
            views: Object.fromEntries(views.map(({ view, ageSeconds }) => [view, ageSeconds])),
            ...(stale.length === 0 ? {} : { stale }),
          });
        }),
    },
  ];
}

function missingField(c: Context, name: string): Response {
  return c.json(
    { error: 'invalid input', fields: [{ field: `entity.${name}`, problem: 'is missing' }] },
    400,
  );
}

/** What every view says of an entity that nothing can be read of. */
function nothingKnown({ views }: FeatureSettings): ViewFeatures[] {
  return Object.entries(views).map(([view, { features }]) => ({
    view,
    ageSeconds: null,
    features: Object.fromEntries(Object.keys(features).map((name) => [name, null])),
  }));
}
