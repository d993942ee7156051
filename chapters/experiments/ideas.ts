/** A file of ideas: named settings, or a grid of them. Each is the config with some settings of training changed. */
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { parse } from 'yaml';
import { editConfig } from '../../lib/config/edit.ts';
import { parseConfig, type Section } from '../../lib/config/parse.ts';
import type { Config } from '../../lib/config/schema.ts';
import { badInput, Fault } from '../../lib/fault.ts';
import { didYouMean } from '../../lib/words.ts';

export interface Idea {
  readonly name: string;
  readonly changes: Readonly<Record<string, string | number | readonly string[]>>;
}

const MOST = 10_000;
const LIKE = 'ideas: { name: { model_params.max_depth: 8 } }, or grid: { model_params.max_depth: [4, 8] }';
/** Settings that training depends on, but where rows come from and what they mean. */
const KEY = /^(model_params|evaluation|features)\.[\w.]+$/;
const WORD = /^[\w.+-]{1,60}$/;

const value = v.union([v.number(), v.boolean(), v.pipe(v.string(), v.regex(WORD, 'a word'))]);
const key = v.pipe(
  v.string(),
  v.regex(KEY, 'it may change settings of model_params, evaluation and features'),
);
const schema = v.strictObject({
  ideas: v.optional(
    v.record(v.pipe(v.string(), v.regex(/^[\w .=+-]{1,80}$/, 'a short name')), v.record(key, value)),
    {},
  ),
  grid: v.optional(v.record(key, v.pipe(v.array(value), v.minLength(1, 'a list of values'))), {}),
});

/** Fails with exit code 2 and the key where it is no file of ideas. */
export function readIdeas(path: string): Idea[] {
  let held: unknown;
  try {
    held = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const said = { ENOENT: 'is missing', EISDIR: 'is a folder' }[code ?? ''] ?? message.split('\n')[0];
    throw badInput(`${path}  ${said}`);
  }
  if (held === null || held === undefined) throw badInput(`${path}  is empty: ${LIKE}`);
  if (typeof held !== 'object' || Array.isArray(held))
    throw badInput(`${path}  is no list of names: ${LIKE}`);
  const strange = Object.keys(held).find((name) => name !== 'ideas' && name !== 'grid');
  if (strange !== undefined)
    throw badInput(`${path}  ${strange}: no such key${didYouMean(strange, ['ideas', 'grid'])}; ${LIKE}`);
  const read = v.safeParse(schema, held);
  if (!read.success) {
    const [issue] = read.issues;
    throw badInput(`${path}  ${v.getDotPath(issue) ?? 'the file'}: ${issue.message}; ${LIKE}`);
  }
  const { ideas, grid } = read.output;
  const size = Object.values(grid).reduce((product, values) => product * values.length, 1);
  if (size > MOST) throw badInput(`${path}  the grid has ${size} points: ${MOST} at most`);
  const named = Object.entries(ideas).map(([name, changes]) => ({ name, changes: plain(changes) }));
  const all = [...named, ...(Object.keys(grid).length === 0 ? [] : pointsOf(grid))];
  if (all.length === 0) throw badInput(`${path}  has no ideas and no grid`);
  return all;
}

type Value = v.InferOutput<typeof value>;

function plain(changes: Readonly<Record<string, Value>>): Idea['changes'] {
  return Object.fromEntries(
    Object.entries(changes).map(([name, each]) => [name, typeof each === 'boolean' ? String(each) : each]),
  );
}

function pointsOf(grid: Readonly<Record<string, readonly Value[]>>): Idea[] {
  let points: Record<string, Value>[] = [{}];
  for (const [name, values] of Object.entries(grid))
    points = points.flatMap((point) => values.map((each) => ({ ...point, [name]: each })));
  return points.map((point) => ({
    name: Object.entries(point)
      .map(([name, each]) => `${name.split('.').at(-1)}=${each}`)
      .join(' '),
    changes: plain(point),
  }));
}

/** Their names, with the sections that they stand in. */
function settingsIn(section: unknown, of = ''): string[] {
  if (section === null || typeof section !== 'object' || Array.isArray(section)) return [];
  return Object.entries(section).flatMap(([name, value]) => [
    `${of}${name}`,
    ...settingsIn(value, `${of}${name}.`),
  ]);
}

/** The config as the idea has it; fails with exit code 2 and what is wrong with which setting. */
export function configOf(
  text: string,
  path: string,
  { name, changes }: Idea,
  sections: readonly Section[],
): Config {
  for (const setting of Object.keys(changes)) {
    try {
      editConfig(text, { [setting]: 0 });
    } catch {
      const hint = didYouMean(setting, settingsIn(parse(text)));
      throw badInput(`${path}  idea "${name}": the config has no setting ${setting}${hint}`);
    }
  }
  const of = `${path}, idea "${name}"`;
  try {
    return parseConfig(editConfig(text, changes), of, sections);
  } catch (error) {
    // The line would be one of the config that the idea makes, which nobody sees.
    if (error instanceof Fault)
      throw badInput(error.message.replace(new RegExp(`^(.{${of.length}}):\\d+`, 's'), '$1'));
    throw error;
  }
}
