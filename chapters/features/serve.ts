/** Features of an entity for a request, by the definition that training has; and how old they are. */
import { sectionOf } from '../../lib/config/parse.ts';
import { failed } from '../../lib/fault.ts';
import type { Project } from '../../lib/project.ts';
import { type Definition, defineView } from './definition.ts';
import { keyOf } from './history.ts';
import { type FeatureSettings, featuresSection } from './settings.ts';
import { readState, stateKey } from './state.ts';
import { type OnlineStore, STORES } from './store.ts';

export interface ViewFeatures {
  readonly view: string;
  /** Seconds since the latest row that counts; null where nothing is known that is young enough. */
  readonly ageSeconds: number | null;
  readonly features: Readonly<Record<string, number | null>>;
}

export interface OnlineFeatures {
  readonly settings: FeatureSettings;
  /** The columns that name an entity, of all views together. */
  readonly entity: readonly string[];
  /** Fails where the store does not answer, or holds what another definition made. */
  read(entity: Readonly<Record<string, string>>, time: number): Promise<ViewFeatures[]>;
  close(): Promise<void>;
}

export function storePath(project: Project): string {
  return project.path(project.config.data.production_dir, 'features', 'online.mdb');
}

export async function openOnline(project: Project): Promise<OnlineFeatures> {
  const settings = sectionOf(project.config, featuresSection);
  if (settings.online === 'none') throw failed('chapters.features.online is none: features are not served');
  const store = await STORES[settings.online](storePath(project));
  return onlineFeatures(settings, store);
}

export function onlineFeatures(settings: FeatureSettings, store: OnlineStore): OnlineFeatures {
  const views = Object.keys(settings.views).map((view) => {
    const definition = defineView(settings, view);
    return {
      definition,
      entity: settings.sources[definition.source]!.entity,
      out: new Float64Array(definition.names.length),
    };
  });
  return {
    settings,
    entity: [...new Set(views.flatMap(({ entity }) => entity))],
    async read(entity, time) {
      const keys = views.map(({ definition, entity: of }) =>
        stateKey(definition.view, keyOf(of.map((name) => entity[name] ?? ''))),
      );
      const found = await store.get(keys);
      return views.map(({ definition, out }, i) => featuresIn(definition, found[i], time, out));
    },
    close: () => store.close(),
  };
}

function featuresIn(
  definition: Definition,
  bytes: Uint8Array | undefined,
  time: number,
  out: Float64Array,
): ViewFeatures {
  const { view, names, atoms, hash } = definition;
  const state = bytes === undefined ? undefined : readState(bytes, atoms.length);
  if (bytes !== undefined && state?.hash !== hash)
    throw failed(`what is stored of ${view} was made by another definition: make materialize`);
  const rows = state?.rows ?? {
    times: new Float64Array(0),
    created: new Float64Array(0),
    atoms: new Float64Array(0),
  };
  const latest = definition.compute(rows, 0, state?.count ?? 0, time, out, 0);
  return {
    view,
    ageSeconds: Number.isNaN(latest) ? null : (time - latest) / 1000,
    features: Object.fromEntries(names.map((name, f) => [name, Number.isNaN(out[f]!) ? null : out[f]!])),
  };
}
