/** A run: what was tried, on what, and what came of it. A line of models/runs.jsonl, and a folder for what is larger. */
import { join } from 'node:path';
import * as v from 'valibot';
import type { Config } from '../../lib/config/schema.ts';
import { badInput } from '../../lib/fault.ts';
import { sha256 } from '../../lib/files/hash.ts';
import { jsonLedger } from '../../lib/files/ledger.ts';
import type { Project } from '../../lib/project.ts';
import { type Ledger, linesOf } from '../../lib/record/catalogue.ts';
import type { Tried } from '../../lib/registry/tried.ts';
import { didYouMean } from '../../lib/words.ts';

const NAME = 'runs';

const estimate = v.tuple([v.number(), v.number(), v.number()]);
const parameter = v.union([v.string(), v.number(), v.boolean(), v.null()]);

const runSchema = v.object({
  id: v.string(),
  time: v.string(),
  kind: v.picklist(['train', 'retrain', 'trial', 'idea']),
  name: v.optional(v.string()),
  /** The run before it, as it was then. */
  parent: v.optional(v.string()),
  version: v.optional(v.string()),
  /** All that came of the same training, where there are several. */
  versions: v.optional(v.array(v.string())),
  data: v.object({ version: v.string(), sha256: v.string(), rows: v.number() }),
  commit: v.string(),
  dirty: v.boolean(),
  /** Of the program files. */
  code: v.string(),
  /** Settings of the model by their names. */
  params: v.record(v.string(), parameter),
  /** Of all settings that training depends on. */
  settings: v.string(),
  /** Value, low, high. */
  metrics: v.record(v.string(), estimate),
  log_loss: v.optional(v.number()),
  folds: v.optional(v.object({ metric: v.string(), values: v.array(v.number()), basis: v.string() })),
  seconds: v.number(),
  cpu_seconds: v.number(),
  megabytes: v.number(),
  bytes: v.optional(v.number()),
  error: v.optional(v.string()),
  note: v.optional(v.string()),
  tags: v.optional(v.array(v.string())),
});
/** What was said of a run afterwards. */
const noteSchema = v.object({
  id: v.string(),
  note: v.optional(v.string()),
  tags: v.optional(v.array(v.string())),
});
export type Run = v.InferOutput<typeof runSchema>;
export type RunNote = v.InferOutput<typeof noteSchema>;

export function runsLedger({ paths }: Pick<Config, 'paths'>): Ledger {
  return { name: NAME, path: join(paths.models, 'runs.jsonl'), format: jsonLedger };
}

export function ledgerOf({ ledgers }: Pick<Project, 'ledgers'>): Ledger {
  return ledgers.chapters.find(({ name }) => name === NAME)!;
}

/** The same inputs, the same id: 12 hexadecimal digits of data, settings and code. */
export function idOf({ data, settings, code }: Pick<Tried, 'data' | 'settings' | 'code'>): string {
  return sha256(JSON.stringify([data.sha256, sorted(settings), sorted(code)])).slice(0, 12);
}

export function hashOf(value: unknown): string {
  return sha256(JSON.stringify(sorted(value))).slice(0, 12);
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  );
}

/**
 * Every run, the one that was tried first at the front. Of a run that was tried again the last line counts, with what was said of it, and
 * a version that came of it stays one. A line of a newer program is passed over and counted.
 */
export function readRuns(project: Pick<Project, 'ledgers'>): { runs: Run[]; unknown: number } {
  const runs = new Map<string, Run>();
  let unknown = 0;
  for (const { body } of linesOf(ledgerOf(project))) {
    const line = JSON.parse(body) as unknown;
    const isRun = typeof line === 'object' && line !== null && 'kind' in line;
    if (isRun && isKnown(line)) {
      const before = runs.get(line.id);
      runs.set(line.id, {
        ...line,
        ...kept('version', line.version ?? before?.version),
        ...kept('versions', versionsOf(line, before)),
        ...kept('note', line.note ?? before?.note),
        ...kept('tags', line.tags ?? before?.tags),
      });
      continue;
    }
    const note = v.safeParse(noteSchema, line);
    const of = note.success ? runs.get(note.output.id) : undefined;
    if (!note.success || isRun || of === undefined) unknown++;
    else {
      const { note: text, tags, ...about } = { ...of, ...note.output };
      runs.set(of.id, {
        ...about,
        ...kept('note', text || undefined),
        ...kept('tags', tags?.length === 0 ? undefined : tags),
      });
    }
  }
  return { runs: [...runs.values()], unknown };
}

function versionsOf({ version }: Run, before: Run | undefined): string[] | undefined {
  const known = before?.versions ?? [before?.version].filter((each) => each !== undefined);
  if (version === undefined || known.length === 0 || known.includes(version)) return before?.versions;
  return [...known, version];
}

function kept<K extends string, T>(key: K, value: T | undefined): { [key in K]?: T } {
  return (value === undefined ? {} : { [key]: value }) as { [key in K]?: T };
}

/** By the shape of what is there, a hundredth of the time of the whole schema: the lines' chain says that they are ours. */
function isKnown(line: object): line is Run {
  const { id, time, params, metrics, data, seconds } = line as Partial<Run>;
  return (
    typeof id === 'string' &&
    typeof time === 'string' &&
    typeof params === 'object' &&
    typeof metrics === 'object' &&
    typeof data?.sha256 === 'string' &&
    typeof seconds === 'number'
  );
}

/** Whether a version came of a run. */
export function became({ version, versions }: Run, name: string): boolean {
  return version === name || versions?.includes(name) === true;
}

/** What people say of it. */
export function wordsOf({ note, tags }: Run): string {
  return [note, tags?.join(', ')].filter((each) => each !== undefined).join(' · ');
}

/** The run that an id, the beginning of one, or a version stands for. */
export function findRun(runs: readonly Run[], name: string): Run {
  const found = /^v[1-9]\d*$/.test(name)
    ? runs.filter((run) => became(run, name)).map((run) => ({ ...run, version: name }))
    : /^[0-9a-f]{4,12}$/.test(name)
      ? runs.filter(({ id }) => id.startsWith(name))
      : [];
  if (found.length === 1) return found[0]!;
  if (found.length > 1)
    throw badInput(`${name} stands for ${found.length} runs: ${found.map(({ id }) => id).join(', ')}`);
  const known = runs.flatMap(({ id, version }) => (version === undefined ? [id] : [id, version]));
  throw badInput(
    `there is no run ${JSON.stringify(name)}${didYouMean(name, known)}: make experiments lists them`,
  );
}

export function runPath(project: Project, id: string, ...parts: string[]): string {
  return project.path(project.config.paths.models, 'runs', id, ...parts);
}
