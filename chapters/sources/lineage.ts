/** Where each column came from and what became of it: files, their columns, the schema, features, versions; as a graph with its rows. */
import { sectionOf } from '../../lib/config/parse.ts';
import type { Config } from '../../lib/config/schema.ts';
import type { Artefact } from '../../lib/record/manifest.ts';
import { inputsOf } from '../../lib/record/manifest.ts';
import { nameOf, SOURCES, sourcesSection } from './settings.ts';

export const LAYERS = ['file', 'source column', 'column', 'feature', 'version'] as const;
export type Layer = (typeof LAYERS)[number];

export interface LineageNode {
  readonly id: string;
  readonly layer: Layer;
  readonly name: string;
  /** Of a column its role, of a file its rows. */
  readonly note: string;
}

export interface Lineage {
  readonly nodes: readonly LineageNode[];
  readonly edges: readonly (readonly [from: string, to: string])[];
  /** What the manifest says of sources, joins and increments, oldest first. */
  readonly steps: readonly Artefact[];
}

export interface TrainedOn {
  readonly version: string;
  readonly data: string;
}

/** `manifest` is the whole of it, `trained` are model versions with the data version of each. */
export function lineageOf(
  config: Config,
  manifest: readonly Artefact[],
  trained: readonly TrainedOn[],
): Lineage {
  const nodes = new Map<string, LineageNode>();
  const edges: [string, string][] = [];
  const node = (layer: Layer, name: string, note = '') => {
    const id = `${layer}:${name}`;
    if (!nodes.has(id)) nodes.set(id, { id, layer, name, note });
    return id;
  };
  const link = (from: string, to: string) => edges.push([from, to]);
  const origins = originsOf(config, manifest);
  const features = [
    ...Object.entries(config.schema)
      .filter(([, { role }]) => role === 'input')
      .map(([name]) => ({ name, from: [name] })),
    ...engineered(config),
  ];
  for (const [name, { role }] of Object.entries(config.schema)) {
    const column = node('column', name, role);
    for (const { files, column: source } of origins.get(name) ?? []) {
      const from = source === undefined ? column : node('source column', source);
      if (source !== undefined) link(from, column);
      for (const { path, note } of files) link(node('file', path, note), from);
    }
  }
  for (const { name, from } of features) {
    const feature = node('feature', name);
    for (const column of from) link(node('column', column), feature);
  }
  for (const { version, data } of trained) {
    const model = node('version', version, `data ${data}`);
    for (const { name } of features) link(node('feature', name), model);
  }
  const unique = new Map(edges.map((edge) => [edge.join('\n'), edge]));
  const steps = manifest.filter(({ version }) =>
    ['source', 'join', 'raw', 'increment'].includes(version ?? ''),
  );
  return {
    nodes: [...nodes.values()].sort((a, b) => LAYERS.indexOf(a.layer) - LAYERS.indexOf(b.layer)),
    edges: [...unique.values()],
    steps,
  };
}

function engineered({ features }: Config): { name: string; from: string[] }[] {
  return Object.entries(features.engineered).map(([name, rule]) => ({
    name,
    from: [...(rule.product ?? rule.difference ?? rule.ratio ?? rule.sum ?? [])],
  }));
}

interface Origin {
  readonly files: readonly { readonly path: string; readonly note: string }[];
  /** "table.column" where it comes from one of several tables. */
  readonly column: string | undefined;
}

/** By column of the schema, what it comes from. */
function originsOf(config: Config, manifest: readonly Artefact[]): Map<string, Origin[]> {
  const rowsOf = (path: string) => manifest.filter((line) => line.path === path).at(-1)?.rows;
  const noted = (path: string) => ({ path, note: rowsOf(path) === undefined ? '' : `${rowsOf(path)} rows` });
  const { raw_path, source } = config.data;
  if (source !== SOURCES)
    return new Map(
      Object.keys(config.schema).map((name) => [name, [{ files: [noted(raw_path)], column: undefined }]]),
    );
  const { base, joins, tables } = sectionOf(config, sourcesSection);
  const raw = manifest.filter(({ path }) => path === raw_path).at(-1);
  const increments = manifest
    .filter(({ version }) => version === 'increment')
    .flatMap(({ from = '' }) => from.split('@')[0] ?? []);
  const read = [...inputsOf(raw ?? {}).map(({ path }) => path), ...increments];
  const found = new Map<string, Origin[]>();
  for (const name of [base, ...joins.map(({ table }) => table)]) {
    const table = tables[name]!;
    const files = read.filter((path) => path === table.path || path.startsWith(`${table.path}/`)).map(noted);
    for (const column of Object.keys(table.columns)) {
      const called = nameOf(table, column);
      if (!Object.hasOwn(config.schema, called)) continue;
      found.set(called, [
        ...(found.get(called) ?? []),
        {
          files: files.length === 0 ? [{ path: table.path, note: 'not read yet' }] : files,
          column: `${name}.${column}`,
        },
      ]);
    }
  }
  return found;
}

/** Everything upstream of a node, or downstream. */
export function reached({ edges }: Pick<Lineage, 'edges'>, id: string, direction: 'up' | 'down'): string[] {
  const found = new Set<string>();
  const open = [id];
  for (let next = open.pop(); next !== undefined; next = open.pop())
    for (const [from, to] of edges) {
      const [here, there] = direction === 'up' ? [to, from] : [from, to];
      if (here === next && !found.has(there)) {
        found.add(there);
        open.push(there);
      }
    }
  return [...found];
}
