/** What config.yaml says: every complaint names the file, the line and the key. */
import * as v from 'valibot';
import { type Document, isMap, isNode, isPair, isScalar, LineCounter, parseDocument } from 'yaml';
import { badInput } from '../fault.ts';
import { didYouMean } from '../words.ts';
import { rolesOf } from './roles.ts';
import { type Config, configSchema } from './schema.ts';
import { RESERVED } from './values.ts';

/** What a chapter adds to config.yaml: chapters.<name>, its shape, and what no single key can know. */
export interface Section<S extends v.GenericSchema = v.GenericSchema> {
  readonly name: string;
  readonly schema: S;
  /** The chapter carries events where events.transport has its name. */
  readonly carries?: true;
  /** The chapter makes the raw file where data.source has its name. */
  readonly brings?: true;
  check?(section: v.InferOutput<S>, config: Config, fault: SettingFault): void;
}

/** A complaint about a setting, named by its keys inside the section. */
export type SettingFault = (keys: readonly string[], problem: string) => Error;

/** Events stay on this disk. */
const FILES = 'files';
/** Where the core itself finds the raw file. */
const SOURCES = ['simulated', 'uci', 'file'];

/** A chapter's own settings. */
export function sectionOf<S extends v.GenericSchema>(config: Config, { name }: Section<S>): v.InferOutput<S> {
  return config.chapters[name] as v.InferOutput<S>;
}

/** Checks a config, and what chapters add to it where their sections are given; what its YAML holds may be known already (rememberParse), so that only a complaint reads it. */
export function parseConfig(
  text: string,
  name: string,
  sections?: readonly Section[],
  known?: unknown,
): Config {
  const lines = new LineCounter();
  let document: Document | undefined;
  const read = () => {
    document ??= readDocument(text, name, lines);
    return document;
  };
  const place = (keys: readonly string[]) => at(read(), lines, name, keys);
  const fault: SettingFault = (keys, problem) => badInput(`${place(keys)}  ${keys.join('.')}: ${problem}`);
  const raw: unknown = known ?? read().toJS();
  if (known === undefined) checkColumnNames(read(), fault);
  const config = checkShape(configSchema, raw, [], place);
  checkReferences(config, fault);
  if (sections !== undefined) checkCarriers(config, sections, fault);
  for (const section of sections ?? []) {
    const keys = ['chapters', section.name];
    config.chapters[section.name] = checkShape(section.schema, config.chapters[section.name], keys, place);
    section.check?.(config.chapters[section.name], config, (inner, problem) =>
      fault([...keys, ...inner], problem),
    );
  }
  return config;
}

/** Who carries events, and who brings rows: the core, or a chapter that is there. */
function checkCarriers({ events, data }: Config, sections: readonly Section[], fault: SettingFault): void {
  const named = (key: 'carries' | 'brings') =>
    sections.filter((section) => section[key]).map(({ name }) => name);
  const transports = [FILES, ...named('carries')];
  if (!transports.includes(events.transport))
    throw fault(['events', 'transport'], `must be ${transports.join(' or ')}`);
  const sources = [...SOURCES, ...named('brings')];
  if (!sources.includes(data.source))
    throw fault(
      ['data', 'source'],
      `expected one of ${sources.join(', ')}, got "${data.source}"${didYouMean(data.source, sources)}`,
    );
}

function checkShape<S extends v.GenericSchema>(
  schema: S,
  value: unknown,
  prefix: readonly string[],
  place: (keys: readonly string[]) => string,
): v.InferOutput<S> {
  const checked = v.safeParse(schema, value);
  if (checked.success) return checked.output;
  const complaints = checked.issues.slice(0, 5).map((issue) => {
    const keys = [...prefix, ...(issue.path ?? []).map((item) => String(item.key))];
    const inside = (issue.path ?? []).slice(0, -1).map((item) => String(item.key));
    return `${place(keys)}  ${problemOf(keys, issue, knownKeys(schema, inside))}`;
  });
  throw badInput(complaints.join('\n'));
}

/** Keys of former configs, and what became of them. */
const MOVED: Readonly<Record<string, string>> = {
  tuning: 'is chapters.tune now',
  explain: 'is chapters.explain now',
  fairness: 'is chapters.fairness now',
  alerts: 'is chapters.alerts now, and its limits are monitoring.limits',
  agent: 'is chapters.agent now, and its limits are monitoring.limits',
  card: 'is chapters.report now',
  'deployment.rollout': 'is chapters.rollout now',
  'data.labelled': 'is a ledger now: take the key out',
  'retraining.max_drop': 'is monitoring.limits.pr_auc_fall and roc_auc_fall now',
};

/** The keys that an object inside a schema may hold. */
function knownKeys(schema: v.GenericSchema, keys: readonly string[]): string[] {
  let inner: unknown = schema;
  for (const key of keys)
    inner = (inner as { entries?: Record<string, unknown> } | undefined)?.entries?.[key];
  return Object.keys((inner as { entries?: object } | undefined)?.entries ?? {});
}

function problemOf(keys: readonly string[], issue: v.BaseIssue<unknown>, known: readonly string[]): string {
  const key = keys.join('.') || 'the file';
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    return `${key}: ${MOVED[key] ?? `unknown key${didYouMean(keys.at(-1)!, known)}`}`;
  }
  if (issue.input === undefined) return `${key}: is missing`;
  const custom = !/^Invalid/.test(issue.message);
  if (typeof issue.input === 'object' && issue.type === 'check') return `${key}: expected ${issue.message}`;
  return `${key}: expected ${custom ? issue.message : issue.expected}, got ${typeof issue.input === 'number' ? issue.input : JSON.stringify(issue.input)?.slice(0, 80)}${nearestOption(issue)}`;
}

/** Of a value that is one of some, the one that was meant. */
function nearestOption({ input, type, expected }: v.BaseIssue<unknown>): string {
  if (type !== 'picklist' || typeof input !== 'string') return '';
  return didYouMean(
    input,
    [...(expected ?? '').matchAll(/"([^"]*)"/g)].map(([, option]) => option!),
  );
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
function checkReferences(config: Config, fault: SettingFault): void {
  const { schema } = config;
  const isNumber = (name: string) =>
    schema[name]?.role === 'input' && (schema[name].type === 'number' || schema[name].type === 'integer');
  for (const [name, rule] of Object.entries(config.features.engineered)) {
    if (schema[name] !== undefined)
      throw fault(['features', 'engineered', name], 'is a column of the schema already');
    for (const operation of ['product', 'difference', 'ratio', 'sum'] as const) {
      for (const column of rule[operation] ?? []) {
        if (!isNumber(column))
          throw fault(
            ['features', 'engineered', name],
            `"${column}" is no numeric input of the schema${didYouMean(column, Object.keys(schema))}`,
          );
      }
    }
  }
  for (const [i, { column, new_category, shift, scale, noise }] of config.replay.bad.changes.entries()) {
    const keys = ['replay', 'bad', 'changes', String(i)];
    if (schema[column]?.role !== 'input')
      throw fault(keys, `"${column}" is no input of the schema${didYouMean(column, Object.keys(schema))}`);
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
  const { ids, time } = rolesOf(schema);
  if (config.quality.duplicates === 'latest' && (time === undefined || ids.length === 0))
    throw fault(['quality', 'duplicates'], 'latest needs a column with role id and one with role time');
  const { uci } = config.data;
  const needsTest = config.data.source === 'uci' && config.split.method === 'file';
  if (needsTest && (uci.test_member === undefined || uci.test_sha256 === undefined))
    throw fault(['data', 'uci'], 'split.method file needs test_member and test_sha256');
  const classes = rolesOf(schema).target.categories!;
  for (const section of ['evaluation', 'deployment'] as const)
    if (
      classes.length > 2 &&
      (typeof config[section].threshold === 'number' || config[section].threshold === 'cost')
    )
      throw fault(
        [section, 'threshold'],
        `a number tells two classes apart, the target has ${classes.length}: ${section === 'evaluation' ? 'max_f1 or most_probable' : 'model'}`,
      );
  const { calibration } = config.evaluation;
  if (
    calibration === 'temperature'
      ? classes.length === 2
      : classes.length > 2 && !['none', 'auto'].includes(calibration)
  )
    throw fault(
      ['evaluation', 'calibration'],
      `${calibration} is for ${calibration === 'temperature' ? 'more than two classes' : 'two classes'}, the target has ${classes.length}`,
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
}

function readDocument(text: string, name: string, lines: LineCounter): Document {
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const trouble = document.errors[0];
  if (trouble !== undefined) {
    const { line } = lines.linePos(trouble.pos[0]);
    throw badInput(
      `${name}:${line}  ${trouble.code === 'DUPLICATE_KEY' ? `${text.slice(trouble.pos[0]).split(/[:\n]/)[0]!.trim()}: this key stands twice in its section` : `not valid YAML: ${trouble.message}`}`,
    );
  }
  if (document.contents === null) throw badInput(`${name}  is empty: everything is configured there`);
  return document as Document;
}

function checkColumnNames(document: Document, fault: SettingFault): void {
  const columns = document.get('schema');
  for (const { key } of isMap(columns) ? columns.items : [])
    if (/\p{Cc}/u.test(String(key)))
      throw fault(['schema'], `${JSON.stringify(String(key))}: a column cannot be called that: rename it`);
  for (const name of RESERVED)
    if (document.hasIn(['schema', name]))
      throw fault(['schema', name], 'a column cannot be called that: rename it');
}
