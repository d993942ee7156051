/** Puts the state of every entity where requests find it, and of those that something is new of. */
import { sectionOf } from '../../lib/config/parse.ts';
import { failed } from '../../lib/fault.ts';
import { sha256 } from '../../lib/files/hash.ts';
import type { Project } from '../../lib/project.ts';
import { defineView } from './definition.ts';
import { readHistory, rowsOf, type SourceEnd, wholeLines } from './history.ts';
import { featuresSection } from './settings.ts';
import { mergedRows, packState, readState, rowsIn, stateKey } from './state.ts';
import type { OnlineStore } from './store.ts';
import { versionsOf } from './views.ts';

export interface Materialized {
  readonly entities: number;
  readonly changed: number;
}

export interface Materializer {
  /** Everything that is known, or was at a time; entities whose state this has put before, and is the same, are left alone. */
  all(until?: number): Promise<Materialized>;
  /** Whether a source has grown since, or is another file, or the store has lost what was put; fails where it does not answer. */
  isBehind(): Promise<boolean>;
  /** What came to the sources since, read on from where they were read up to; everything where one is another file. */
  more(): Promise<Materialized>;
}

const TOGETHER = 2000;
/** There once everything was put: a store that came back empty has none. */
const WHOLE = 'whole';

export function openMaterializer(project: Project, store: OnlineStore): Materializer {
  const settings = sectionOf(project.config, featuresSection);
  const views = Object.keys(settings.views);
  if (views.length === 0) throw failed('chapters.features.views is empty: there is nothing to materialize');
  const definitions = views.map((view) => defineView(settings, view));
  const sources = [...new Set(definitions.map(({ source }) => source))].map((name) => {
    const source = settings.sources[name]!;
    const own = definitions.filter((definition) => definition.source === name);
    return { name, source, path: project.path(source.path), definitions: own };
  });
  const ends = new Map<string, SourceEnd>();
  const marks = new Map<string, string>();
  let waiting: [string, Uint8Array][] = [];
  const flush = async () => {
    if (waiting.length > 0) await store.put(waiting);
    waiting = [];
  };
  const put = async (key: string, state: Uint8Array) => {
    waiting.push([key, state]);
    if (waiting.length === TOGETHER) await flush();
  };

  const all = async (until?: number): Promise<Materialized> => {
    versionsOf(project, definitions);
    const entities = new Set<string>();
    let changed = 0;
    for (const { name, source, path, definitions: own } of sources) {
      const history = readHistory(path, source, {});
      for (const definition of own) {
        const rows = rowsOf(history, definition);
        for (const [key, entity] of history.entities) {
          entities.add(key);
          const [from, to] = [history.starts[entity]!, history.starts[entity + 1]!];
          const time = until ?? Date.now();
          const state = packState(definition, rows, from, to, { time, until, line: history.end.line });
          const mark = sha256(rowsIn(state));
          if (marks.get(stateKey(definition.view, key)) === mark) continue;
          marks.set(stateKey(definition.view, key), mark);
          changed++;
          await put(stateKey(definition.view, key), state);
        }
      }
      await flush();
      ends.set(name, history.end);
    }
    await store.put([[WHOLE, new Uint8Array(1)]]);
    return { entities: entities.size, changed };
  };

  const standing = ({ name, path }: { name: string; path: string }) => {
    const [bytes, inode] = wholeLines(path);
    const end = ends.get(name);
    if (end?.inode !== inode || bytes < end.bytes) return 'another';
    return bytes > end.bytes ? 'grown' : 'read';
  };
  const more = async (): Promise<Materialized> => {
    const grown = sources.filter((source) => standing(source) !== 'read');
    if (grown.some((source) => standing(source) === 'another')) return all();
    const entities = new Set<string>();
    let changed = 0;
    for (const { name, source, path, definitions: own } of grown) {
      const history = readHistory(path, source, { after: ends.get(name) });
      for (const definition of own) {
        const width = definition.atoms.length;
        const rows = { ...rowsOf(history, definition), lines: history.lines };
        const keys = [...history.entities.keys()];
        const stored = await store.get(keys.map((key) => stateKey(definition.view, key)));
        for (const [k, key] of keys.entries()) {
          entities.add(key);
          const bytes = stored[k];
          const state = bytes === undefined ? NOTHING : readState(bytes, width);
          // Somebody else has put what another definition makes.
          if (state === undefined || (state !== NOTHING && state.hash !== definition.hash)) return all();
          const entity = history.entities.get(key)!;
          const merged = mergedRows(state, width, rows, history.starts[entity]!, history.starts[entity + 1]!);
          if (merged.count === state.count) continue;
          changed++;
          marks.delete(stateKey(definition.view, key));
          await put(
            stateKey(definition.view, key),
            packState(definition, merged.rows, 0, merged.count, { time: Date.now(), line: history.end.line }),
          );
        }
      }
      await flush();
      ends.set(name, history.end);
    }
    return { entities: entities.size, changed };
  };
  const isBehind = async () => {
    const [whole] = await store.get([WHOLE]);
    if (whole === undefined) {
      ends.clear();
      marks.clear();
    }
    return sources.some((source) => standing(source) !== 'read');
  };
  return { all, more, isBehind };
}

/** Of an entity that nothing was known of. */
const NOTHING = {
  hash: '',
  count: 0,
  line: 0,
  rows: { times: new Float64Array(0), created: new Float64Array(0), atoms: new Float64Array(0) },
};
