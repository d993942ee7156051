/** Puts the state of every entity where requests find it. */
import { sectionOf } from '../../lib/config/parse.ts';
import { failed } from '../../lib/fault.ts';
import { sha256 } from '../../lib/files/hash.ts';
import type { Project } from '../../lib/project.ts';
import { defineView } from './definition.ts';
import { type History, readHistory, rowsOf } from './history.ts';
import { featuresSection } from './settings.ts';
import { packState, stateKey } from './state.ts';
import type { OnlineStore } from './store.ts';
import { versionsOf } from './views.ts';

export interface Materialized {
  readonly entities: number;
  readonly changed: number;
}

const TOGETHER = 2000;

/** What is known at a time; entities whose state is what it was are left alone. `known` is what was put before, by key. */
export async function materialize(
  project: Project,
  store: OnlineStore,
  time: number,
  known: Map<string, string>,
): Promise<Materialized> {
  const settings = sectionOf(project.config, featuresSection);
  const views = Object.keys(settings.views);
  if (views.length === 0) throw failed('chapters.features.views is empty: there is nothing to materialize');
  const definitions = views.map((view) => defineView(settings, view));
  versionsOf(project, definitions);
  const histories = new Map<string, History>();
  let changed = 0;
  const entities = new Set<string>();
  let waiting: [string, Uint8Array][] = [];
  const flush = async () => {
    if (waiting.length > 0) await store.put(waiting);
    waiting = [];
  };
  for (const definition of definitions) {
    const source = settings.sources[definition.source]!;
    const history = histories.get(definition.source) ?? readHistory(project.path(source.path), source);
    histories.set(definition.source, history);
    const rows = rowsOf(history, definition);
    for (const [key, entity] of history.entities) {
      entities.add(key);
      const packed = packState(definition, rows, history.starts[entity]!, history.starts[entity + 1]!, time);
      const at = stateKey(definition.view, key);
      const mark = sha256(packed);
      if (known.get(at) === mark) continue;
      known.set(at, mark);
      changed++;
      waiting.push([at, packed]);
      if (waiting.length === TOGETHER) await flush();
    }
  }
  await flush();
  return { entities: entities.size, changed };
}
