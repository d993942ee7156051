/** Which runs: WHERE="algorithm=RandomForest pr_auc>.9", and in which order. */
import { badInput } from '../../lib/fault.ts';
import { didYouMean } from '../../lib/words.ts';
import type { Run } from './run.ts';

type Value = string | number | boolean | null | readonly string[] | undefined;

const ABOUT: Readonly<Record<string, (run: Run) => Value>> = {
  id: ({ id }) => id,
  kind: ({ kind }) => kind,
  name: ({ name }) => name,
  status: ({ error }) => (error === undefined ? 'done' : 'failed'),
  version: ({ version }) => version,
  parent: ({ parent }) => parent,
  data: ({ data }) => data.version,
  rows: ({ data }) => data.rows,
  time: ({ time }) => time,
  commit: ({ commit }) => commit,
  tags: ({ tags }) => tags,
  note: ({ note }) => note,
  error: ({ error }) => error,
  seconds: ({ seconds }) => seconds,
  cpu_seconds: (run) => run.cpu_seconds,
  megabytes: ({ megabytes }) => megabytes,
  bytes: ({ bytes }) => bytes,
  log_loss: ({ log_loss }) => log_loss,
};
/** Of these the highest is not the best. */
const LOWEST_FIRST = new Set(['log_loss', 'seconds', 'cpu_seconds', 'megabytes', 'bytes']);

/** What a run says under a name: of itself, a metric, or a setting. */
export function saysOf(run: Run, name: string): Value {
  const own = Object.hasOwn(ABOUT, name) ? ABOUT[name]!(run) : undefined;
  return own ?? run.metrics[name]?.[0] ?? run.params[name];
}

/** What runs say under a name: numbers, or texts; those that a text may be are few, and known. */
interface Said {
  readonly isNumber: boolean;
  readonly texts: ReadonlySet<string>;
}

/** The names that some run says something under. */
export function namesOf(runs: readonly Run[]): Map<string, Said> {
  const names = new Map<string, { isNumber: boolean; texts: Set<string> }>();
  const add = (name: string, value: Value) => {
    const said = names.get(name) ?? { isNumber: false, texts: new Set() };
    if (typeof value === 'number') said.isNumber = true;
    else if (Array.isArray(value)) for (const each of value) said.texts.add(each);
    else if (value !== undefined && value !== null) said.texts.add(String(value));
    names.set(name, said);
  };
  for (const name of Object.keys(ABOUT)) add(name, undefined);
  for (const run of runs) {
    for (const name of Object.keys(ABOUT)) add(name, ABOUT[name]!(run));
    for (const name in run.metrics) add(name, run.metrics[name]![0]);
    for (const name in run.params) add(name, run.params[name]);
  }
  return names;
}

/** Times are texts that are in order. */
const IN_ORDER = new Set(['time']);
const FEW = 12;
/** All that these can be. */
const CLOSED: Readonly<Record<string, readonly string[]>> = {
  status: ['done', 'failed'],
  kind: ['train', 'retrain', 'trial', 'idea'],
};

/** Fails where a condition can hold of no run for what is compared. */
function checkValue(name: string, operator: string, value: string, { isNumber, texts }: Said): void {
  const isOrder = /[<>]/.test(operator);
  const given = value.trim() === '' ? Number.NaN : Number(value);
  if (isOrder && isNumber && texts.size === 0 && Number.isNaN(given))
    throw badInput(`WHERE: ${name} is a number, and ${JSON.stringify(value)} is none`);
  if (isOrder && !isNumber && texts.size > 0 && !IN_ORDER.has(name))
    throw badInput(`WHERE: ${name} is a text, which is =, != or ~ another${listed(texts)}`);
  const choices = CLOSED[name];
  if (choices !== undefined && !isOrder && operator !== '~' && value !== '' && !choices.includes(value))
    throw badInput(`WHERE: ${name}${operator}${value}${didYouMean(value, choices)}: ${choices.join(', ')}`);
}

/** What could have been asked for instead, where a condition holds of no run: the few texts that runs have. */
export function hintsOf(where: string, names: ReadonlyMap<string, Said>): string[] {
  return [...names].flatMap(([name, { texts }]) => {
    const isAsked = new RegExp(`(^|\\s)${name.replaceAll('.', '\\.')}(=|!=|~)`).test(where);
    return isAsked && texts.size > 0 && texts.size <= FEW ? [`${name}: ${[...texts].sort().join(', ')}`] : [];
  });
}

function listed(texts: ReadonlySet<string>): string {
  return texts.size === 0 || texts.size > FEW ? '' : ` (${[...texts].sort().join(', ')})`;
}

const TERM = /^([\w.]+)(>=|<=|!=|=|>|<|~)(?![<>=!~])(.*)$/s;

/** Conditions with spaces between them, all of which must hold; ~ is for what a text holds. Fails with exit code 2 and the condition. */
export function parseWhere(text: string, names: ReadonlyMap<string, Said>): (run: Run) => boolean {
  const words: readonly string[] = text.match(/(?:[^\s"]|"[^"]*")+|"/g) ?? [];
  if ((text.match(/"/g) ?? []).length % 2 === 1)
    throw badInput(`WHERE: a quote is opened and never closed: ${text}`);
  const terms = words.map((word) => {
    const [, name, operator, given] = TERM.exec(word) ?? [];
    if (name === undefined)
      throw badInput(`WHERE: "${word}" is no condition: algorithm=RandomForest, pr_auc>.9, note~"wear"`);
    if (!names.has(name)) throw badInput(`WHERE: no run has "${name}"${didYouMean(name, names.keys())}`);
    const value = given!.replaceAll('"', '');
    if (value === '' && operator !== '=' && operator !== '!=')
      throw badInput(`WHERE: ${name}${operator} what?`);
    checkValue(name, operator!, value, names.get(name)!);
    return { name, operator: operator!, value, number: value.trim() === '' ? Number.NaN : Number(value) };
  });
  return (run) =>
    terms.every(({ name, operator, value, number }) => holds(saysOf(run, name), operator, value, number));
}

function holds(actual: Value, operator: string, value: string, number: number): boolean {
  if (Array.isArray(actual)) {
    const has = operator === '~' ? actual.some((each) => contains(each, value)) : actual.includes(value);
    return operator === '!=' ? !has : has;
  }
  const said = actual === undefined || actual === null ? '' : String(actual);
  if (operator === '~') return contains(said, value);
  const isNumber = typeof actual === 'number' && !Number.isNaN(number);
  if (operator === '=') return isNumber ? actual === number : said === value;
  if (operator === '!=') return isNumber ? actual !== number : said !== value;
  if (said === '') return false;
  const [a, b] = isNumber ? [actual, number] : [said, value];
  if (operator === '>') return a > b;
  if (operator === '<') return a < b;
  return operator === '>=' ? a >= b : a <= b;
}

function contains(text: string, part: string): boolean {
  return text.toLowerCase().includes(part.toLowerCase());
}

/** Best first: metrics from the highest, time and size from the lowest, texts from A; a leading − turns it round. */
export function sortRuns(runs: readonly Run[], sort: string, names: ReadonlyMap<string, Said>): Run[] {
  const isTurned = sort.startsWith('-');
  const name = isTurned ? sort.slice(1) : sort;
  if (!names.has(name)) throw badInput(`SORT: no run has "${name}"${didYouMean(name, names.keys())}`);
  const keyed = runs.map((run) => ({ run, key: saysOf(run, name) }));
  const isText = keyed.some(({ key }) => typeof key === 'string');
  const sign = (isTurned ? -1 : 1) * (isText || LOWEST_FIRST.has(name) ? 1 : -1);
  return keyed
    .sort(({ key: a }, { key: b }) => {
      // What says nothing comes last, whichever way.
      if (a === undefined || a === null) return b === undefined || b === null ? 0 : 1;
      if (b === undefined || b === null) return -1;
      return sign * (a < b ? -1 : a > b ? 1 : 0);
    })
    .map(({ run }) => run);
}

export function isLowestFirst(metric: string): boolean {
  return LOWEST_FIRST.has(metric);
}
