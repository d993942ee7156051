/** Reading config.yaml: every complaint names the file, the line and the key. */
import { readFileSync } from 'node:fs';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import * as v from 'valibot';
import { type Document, isMap, isNode, isPair, isScalar, LineCounter, parseDocument } from 'yaml';
import { rolesOf } from '../data/columns.ts';
import { badInput } from '../fault.ts';
import { type Config, configSchema } from './schema.ts';

export interface Project {
  readonly config: Config;
  /** The config file as it was named. */
  readonly configPath: string;
  /** The text of the config file. */
  readonly text: string;
  /** The config's folder, absolute. */
  readonly root: string;
  /** A path of the config as one that the current folder understands. */
  path(...parts: string[]): string;
  /** A path in the folder where make keeps what it remembers of this config. */
  state(...parts: string[]): string;
}

export const DEFAULT_CONFIG = 'config.yaml';

/** Reads and checks a config; fails with exit code 2. */
export function loadProject(configPath = process.env.CONFIG ?? DEFAULT_CONFIG): Project {
  const text = readConfigText(configPath);
  const root = resolve(dirname(configPath));
  const here = relative(process.cwd(), root);
  const name = basename(configPath, extname(configPath));
  return {
    config: parseConfig(text, configPath),
    configPath,
    text,
    root,
    path: (...parts) => join(here, ...parts),
    state: (...parts) => join(here, '.make', name, ...parts),
  };
}

function readConfigText(configPath: string): string {
  try {
    return readFileSync(configPath, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw badInput(
      `${configPath}  ${missing ? 'is missing: everything is configured there' : String((error as Error).message)}`,
    );
  }
}

export function parseConfig(text: string, name: string): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const trouble = document.errors[0];
  if (trouble !== undefined) {
    const { line } = lines.linePos(trouble.pos[0]);
    throw badInput(
      `${name}:${line}  ${trouble.code === 'DUPLICATE_KEY' ? `${text.slice(trouble.pos[0]).split(/[:\n]/)[0]!.trim()}: this key stands twice in its section` : `not valid YAML: ${trouble.message}`}`,
    );
  }
  if (document.contents === null) throw badInput(`${name}  is empty: everything is configured there`);
  const checked = v.safeParse(configSchema, document.toJS());
  if (checked.success)
    return checkReferences(checked.output, (keys, problem) =>
      badInput(`${at(document, lines, name, keys)}  ${keys.join('.')}: ${problem}`),
    );
  const complaints = checked.issues.slice(0, 5).map((issue) => {
    const keys = (issue.path ?? []).map((item) => String(item.key));
    return `${at(document, lines, name, keys)}  ${problemOf(keys, issue)}`;
  });
  throw badInput(complaints.join('\n'));
}

function problemOf(keys: readonly string[], issue: v.BaseIssue<unknown>): string {
  const key = keys.join('.') || 'the file';
  if (issue.type === 'strict_object' && issue.expected === 'never') return `${key}: unknown key`;
  if (issue.input === undefined) return `${key}: is missing`;
  const custom = !/^Invalid/.test(issue.message);
  if (typeof issue.input === 'object' && issue.type === 'check') return `${key}: expected ${issue.message}`;
  return `${key}: expected ${custom ? issue.message : issue.expected}, got ${typeof issue.input === 'number' ? issue.input : JSON.stringify(issue.input)?.slice(0, 80)}`;
}

/** file:line of the deepest key of the path that is in the document. */
function at(document: Document, lines: LineCounter, name: string, keys: readonly string[]): string {
  let node: unknown = document.contents;
  let offset = 0;
  for (const key of keys) {
    if (isMap(node)) {
      const pair = node.items.find(
        (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === key,
      );
      if (pair === undefined) break;
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else {
      const item = (node as { items?: unknown[] } | null)?.items?.[Number(key)];
      if (!isNode(item)) break;
      offset = item.range?.[0] ?? offset;
      node = item;
    }
  }
  return offset === 0 && keys.length > 0 && !isMap(document.contents)
    ? name
    : `${name}:${lines.linePos(offset).line}`;
}

/** What no single key can know: that the columns a setting names exist and are of the kind it needs. */
function checkReferences(config: Config, fault: (keys: string[], problem: string) => Error): Config {
  const { schema } = config;
  const isNumber = (name: string) =>
    schema[name]?.role === 'input' && (schema[name].type === 'number' || schema[name].type === 'integer');
  for (const [name, rule] of Object.entries(config.features.engineered)) {
    if (schema[name] !== undefined)
      throw fault(['features', 'engineered', name], 'is a column of the schema already');
    for (const operation of ['product', 'difference', 'ratio', 'sum'] as const) {
      for (const column of rule[operation] ?? []) {
        if (!isNumber(column))
          throw fault(['features', 'engineered', name], `"${column}" is no numeric input of the schema`);
      }
    }
  }
  for (const [i, { column, new_category, shift, scale, noise }] of config.replay.bad.changes.entries()) {
    const keys = ['replay', 'bad', 'changes', String(i)];
    if (schema[column]?.role !== 'input') throw fault(keys, `"${column}" is no input of the schema`);
    if (new_category !== undefined && schema[column].type !== 'category')
      throw fault(keys, `"${column}" is no category`);
    if ((shift ?? scale ?? noise) !== undefined && !isNumber(column))
      throw fault(keys, `"${column}" is no number`);
  }
  if (
    config.split.train_rows !== undefined &&
    config.split.train_rows > 1 &&
    !Number.isInteger(config.split.train_rows)
  )
    throw fault(['split', 'train_rows'], 'a whole number of rows, or a share below 1');
  for (const [name, range] of Object.entries(config.tuning.space)) {
    const keys = ['tuning', 'space', name];
    if (!(name in config.model_params) || name === 'threads' || name === 'random_state')
      throw fault(keys, 'is no setting of model_params that can be searched');
    if (!Array.isArray(range) && (range.low >= range.high || (range.scale === 'log' && range.low <= 0)))
      throw fault(keys, 'low must be below high, and above 0 on a logarithmic scale');
    const tried = Array.isArray(range) ? range : [range.low, range.high];
    for (const value of tried) {
      const params = { ...config.model_params, [name]: value };
      if (!v.safeParse(configSchema.entries.model_params, params).success)
        throw fault(keys, `${JSON.stringify(value)} is no value that model_params.${name} takes`);
    }
  }
  const names = config.alerts.rules.map(({ name }) => name);
  const twice = names.findIndex((name, i) => names.indexOf(name) !== i);
  if (twice >= 0) throw fault(['alerts', 'rules', String(twice)], `two rules are named "${names[twice]}"`);
  const { favourable, reference, mitigation } = config.fairness;
  const { target } = rolesOf(schema);
  if (!target.categories!.includes(favourable))
    throw fault(
      ['fairness', 'favourable'],
      `"${favourable}" is no class of the target: ${target.categories!.join(', ')}`,
    );
  const mustBeSensitive = (keys: string[], name: string) => {
    const column = schema[name];
    if (column === undefined) throw fault(keys, `"${name}" is no column of the schema`);
    if (column.role === 'input')
      throw fault(
        keys,
        `"${name}" is an input of the model; a sensitive column is kept apart from it (role: sensitive)`,
      );
    if (column.role !== 'sensitive' || column.categories === undefined)
      throw fault(keys, `"${name}" is no sensitive column of type category`);
    return column.categories;
  };
  for (const [name, group] of Object.entries(reference))
    if (!mustBeSensitive(['fairness', 'reference', name], name).includes(group))
      throw fault(['fairness', 'reference', name], `"${group}" is no category of ${name}`);
  if (mitigation.column !== undefined)
    mustBeSensitive(['fairness', 'mitigation', 'column'], mitigation.column);
  if (mitigation.method === 'group_thresholds' && target.categories!.length > 2)
    throw fault(
      ['fairness', 'mitigation', 'method'],
      'group_thresholds needs two classes; reweighing takes more',
    );
  const { uci } = config.data;
  const needsTest = config.data.source === 'uci' && config.split.method === 'file';
  if (needsTest && (uci.test_member === undefined || uci.test_sha256 === undefined))
    throw fault(['data', 'uci'], 'split.method file needs test_member and test_sha256');
  const classes = rolesOf(schema).target.categories!;
  for (const section of ['evaluation', 'deployment'] as const)
    if (classes.length > 2 && typeof config[section].threshold === 'number')
      throw fault(
        [section, 'threshold'],
        `a number tells two classes apart, the target has ${classes.length}: ${section === 'evaluation' ? 'max_f1 or most_probable' : 'model'}`,
      );
  const { headers_timeout_ms, request_timeout_ms } = config.deployment;
  if (headers_timeout_ms > request_timeout_ms)
    throw fault(
      ['deployment', 'headers_timeout_ms'],
      'is longer than the whole request may take (request_timeout_ms)',
    );
  const { split } = config.deployment.traffic;
  if (Object.values(split).reduce((sum, percent) => sum + percent, 0) > 100)
    throw fault(['deployment', 'traffic', 'split'], 'the shares add up to more than 100 percent');
  if (config.model_params.algorithm === 'LogisticRegression') {
    const kept = Object.entries(schema).find(
      ([, column]) => column.role === 'input' && column.type !== 'category' && column.missing === 'keep',
    );
    if (kept !== undefined) throw fault(['schema', kept[0]], 'missing: keep needs an algorithm of trees');
  }
  return config;
}
