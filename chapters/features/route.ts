/** POST /features and /predict/entity: what is known of an entity now, and a prediction from it. */
import * as v from 'valibot';
import type { Caller } from '../../lib/predict/predict.ts';
import type { Project } from '../../lib/project.ts';
import { logEvent } from '../../lib/serve/application-log.ts';
import { type Json, json, type Route, ref, type ServerParts, withBody } from '../../lib/serve/route.ts';
import { type OnlineFeatures, openOnline, type ViewFeatures } from './serve.ts';

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
const bodySchema = v.strictObject({
  entity: v.pipe(entitySchema, v.description('The columns that name it')),
  row: v.optional(v.record(v.string(), v.unknown()), {}),
});

/** What the request's id on record begins with where features were joined here; then the time that they are of. */
export const BY_ENTITY = 'entity:';

function markedBy(caller: Caller, time: number): Caller {
  return { ...caller, requestId: `${BY_ENTITY}${time}:${caller.requestId ?? ''}` };
}

export function featureRoutes(project: Project): (parts: ServerParts) => Route[] {
  /** Opened when it is first asked for; a store that went away is opened anew. */
  let open: Promise<OnlineFeatures> | undefined;
  const online = () => {
    open ??= openOnline(project).catch((error: Error) => {
      open = undefined;
      throw error;
    });
    return open;
  };
  const known = async (
    entity: Readonly<Record<string, string>>,
    time: number,
  ): Promise<ViewFeatures[] | { missing: string } | { trouble: string }> => {
    try {
      const features = await online();
      const missing = features.entity.find((name) => entity[name] === undefined);
      if (missing !== undefined) return { missing };
      return await features.read(entity, time);
    } catch (error) {
      logEvent('error', 'features could not be read', { problem: (error as Error).message });
      return { trouble: (error as Error).message };
    }
  };
  const isStale = ({ ageSeconds }: ViewFeatures) => ageSeconds === null;

  return ({ predictor, callerOf, deployment, fleet }) => {
    const { inputs } = fleet.current().model.loaded.signature;
    const example = { entity: { machine: 'm-001' }, row: {} };
    return [
      {
        id: 'features',
        method: 'POST',
        path: '/features',
        summary: 'What is known of an entity now, and how old it is',
        body: json(v.object({ entity: entitySchema }), { entity: example.entity }),
        ok: {
          description: 'By view its features; null where nothing is known',
          content: json(v.array(viewSchema)),
        },
        errors: [400, 413, 415, 503],
        handle: (c) =>
          withBody(c, deployment, bodySchema, async ({ entity }) => {
            const time = Date.now();
            const found = await known(entity, time);
            if ('missing' in found)
              return c.json(
                {
                  error: 'invalid input',
                  fields: [{ field: `entity.${found.missing}`, problem: 'is missing' }],
                },
                400,
              );
            return 'trouble' in found
              ? c.json({ error: 'the features cannot be read now' }, 503)
              : c.json(found);
          }),
      },
      {
        id: 'predictEntity',
        method: 'POST',
        path: '/predict/entity',
        summary: 'Predicts from an entity: its features are joined to the fields that the request has',
        keyed: true,
        body: json(bodySchema, example),
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
          withBody(c, deployment, bodySchema, async ({ entity, row }) => {
            const time = Date.now();
            const found = await known(entity, time);
            if ('missing' in found)
              return c.json(
                {
                  error: 'invalid input',
                  fields: [{ field: `entity.${found.missing}`, problem: 'is missing' }],
                },
                400,
              );
            // What cannot be read is as stale as what is too old, where the config says so.
            const { settings } = await online().catch(() => ({ settings: undefined }));
            const isMarked = settings?.stale === 'mark';
            if ('trouble' in found && !isMarked)
              return c.json({ error: 'the features cannot be read now' }, 503);
            const views = 'trouble' in found ? [] : found;
            const stale =
              'trouble' in found
                ? Object.keys(settings?.views ?? {})
                : views.filter(isStale).map(({ view }) => view);
            if (stale.length > 0 && !isMarked)
              return c.json(
                { error: `nothing young enough is known of ${stale.join(', ')} for this entity` },
                503,
              );
            const features =
              'trouble' in found
                ? Object.fromEntries(
                    Object.values(settings?.views ?? {})
                      .flatMap((view) => Object.keys(view.features))
                      .map((name) => [name, null]),
                  )
                : Object.assign({}, ...views.map((each) => each.features));
            const wanted = Object.fromEntries(
              inputs.flatMap(({ name }) => (Object.hasOwn(features, name) ? [[name, features[name]]] : [])),
            );
            const [prediction] = await asked(
              predictor.all([{ ...entity, ...wanted, ...row }], markedBy(callerOf(c), time)),
            );
            if ('problems' in prediction!)
              return c.json({ error: 'invalid input', fields: prediction.problems }, 400);
            return c.json({
              ...prediction,
              views: Object.fromEntries(views.map(({ view, ageSeconds }) => [view, ageSeconds])),
              ...(stale.length === 0 ? {} : { stale }),
            });
          }),
      },
    ];
  };
}

async function asked(answer: ReturnType<ServerParts['predictor']['all']>) {
  const found = await answer;
  return 'problems' in found ? [{ problems: found.problems }] : found;
}
