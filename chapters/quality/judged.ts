/** A file judged by the schema and by every rule: a verdict, each rule's result, and each failing row in a file of its own. */
import { rmSync } from 'node:fs';
import { basename } from 'node:path';
import { sectionOf } from '../../lib/config/parse.ts';
import { type NamedColumn, namedColumns } from '../../lib/config/roles.ts';
import type { Config } from '../../lib/config/schema.ts';
import { describeRange } from '../../lib/data/columns.ts';
import type { Dialect } from '../../lib/data/validate.ts';
import { badInput } from '../../lib/fault.ts';
import { safeCell } from '../../lib/files/csv.ts';
import { csvWriter } from '../../lib/files/csv-writer.ts';
import { sha256, sha256File } from '../../lib/files/hash.ts';
import { stageFile } from '../../lib/files/write.ts';
import type { Verdict } from '../../lib/numbers/estimate.ts';
import type { Project } from '../../lib/project.ts';
import { formatCount } from '../../lib/words.ts';
import { type Block, FILE, type Header, type Reader, readBlocks } from './block.ts';
import { type Profile, profiler } from './profile.ts';
import { qualitySection, type Rule } from './settings.ts';
import { type Failure, keepFirst, openSuite, type RuleResult } from './suite.ts';

/** A file, and how it is written. */
export interface Part {
  readonly path: string;
  readonly dialect: Dialect;
}

export interface Judged {
  /** The files that are one table, the first of them what it is called by. */
  readonly files: readonly string[];
  readonly sha256: string;
  readonly rows: number;
  /** Rows that fail no rule. */
  readonly sound: number;
  /** Fail where a rule that stops does. */
  readonly verdict: Verdict;
  readonly rules: readonly RuleResult[];
  readonly profile: Profile;
}

/** Looks at a table of one or more files once. `sink` gets each failing row; `before` is the version that rules of change compare with. */
export function judgeTable(
  config: Config,
  parts: readonly Part[],
  before: Profile | undefined,
  sink: (failure: Failure) => void,
  now = new Date(),
): Omit<Judged, 'sha256'> {
  const all = namedColumns(config.schema);
  const failing = new Set<number>();
  const fails = (failure: Failure) => {
    failing.add(failure.place);
    sink(failure);
  };
  let open:
    | {
        suite: ReturnType<typeof openSuite>;
        own: ReturnType<typeof schemaRules>;
        profile: ReturnType<typeof profiler>;
      }
    | undefined;
  let rows = 0;
  const reader: Reader = {
    block(block) {
      rows += block.rows;
      open!.own.take(block);
      open!.suite.take(block);
      open!.profile.take(block);
    },
    malformed(place, problem) {
      rows++;
      open!.own.malformed(place, problem);
    },
  };
  let names = '';
  const begin = (path: string) => (header: Header) => {
    const found = header.columns.map(({ name }) => name).join('\n');
    if (open !== undefined && found !== names)
      throw badInput(`${path}:1  has other columns than ${parts[0]!.path}`);
    names = found;
    if (open !== undefined) return reader;
    const rules = [...uniqueRules(header, config), ...sectionOf(config, qualitySection).expectations];
    const { columns } = header;
    open = {
      own: schemaRules(header, config, fails),
      suite: openSuite(rules, { columns, all, before, now, onFailure: fails }),
      profile: profiler(columns),
    };
    return reader;
  };
  for (const [number, { path, dialect }] of parts.entries())
    readBlocks(path, config.schema, dialect, begin(path), number);
  const { suite, own, profile } = open!;
  const rules = [...own.results(), ...suite.results()];
  return {
    files: parts.map(({ path }) => path),
    rows,
    sound: rows - failing.size,
    verdict: verdictOf(rules),
    rules,
    profile: profile.profile(),
  };
}

/** Fail where a rule that stops does, pass where something was judged. */
export function verdictOf(rules: readonly RuleResult[]): Verdict {
  if (rules.some(({ verdict, severity }) => verdict === 'fail' && severity === 'stop')) return 'fail';
  return rules.some(({ verdict }) => verdict === 'pass') ? 'pass' : 'inconclusive';
}

/** Judges files of the disk as one table, and leaves its failing rows at `failingPath`; without any, no file. */
export function judgeFiles(
  project: Project,
  parts: readonly Part[],
  failingPath: string,
  before: Profile | undefined,
): Judged {
  let judged: Omit<Judged, 'sha256'> | undefined;
  let failures = 0;
  const staged = stageFile(failingPath, (sink) => {
    const csv = csvWriter(sink);
    csv.record(['file', 'line', 'column', 'value', 'rule']);
    judged = judgeTable(project.config, parts, before, ({ place, column, value, rule }) => {
      failures++;
      const file = parts[Math.floor(place / FILE)]!.path;
      csv.record([file, String(place % FILE), column, value, rule].map(safeCell));
    });
    csv.end();
  });
  if (failures > 0) staged.keep();
  else {
    staged.drop();
    rmSync(failingPath, { force: true });
  }
  return { sha256: sha256File(parts[0]!.path), ...judged! };
}

/** Where the failing rows of a file are kept: among the data, since they hold values. */
export function failingPath(project: Project, path: string): string {
  return besidePath(project, 'failing', path);
}

/** A file of the quarantine that is about another one; two files of one name are told apart by where they lie. */
export function besidePath(project: Project, kind: 'failing' | 'taken' | 'changes', path: string): string {
  const name = basename(path);
  const isPlain = name === path && /^[\w.-]+$/.test(name);
  const called = isPlain ? name : `${sha256(path).slice(0, 8)}_${name.replace(/[^\w.-]/g, '_')}`;
  return project.path(project.config.data.quarantine_dir, `${kind}_${called}`);
}

/** Rows that are there already, by the project's own rule of duplicates. */
function uniqueRules({ columns }: Header, { quality, schema }: Config): Rule[] {
  if (quality.duplicates === 'keep' || quality.duplicates === 'latest') return [];
  const names = columns
    .map(({ name }) => name)
    .filter((name) => quality.duplicates === 'whole_row' || schema[name]!.role === 'id');
  if (names.length === 0) return [];
  const severity = quality.max_invalid_rows === 0 ? 'stop' : 'warn';
  const [name] = names;
  return [
    names.length === 1
      ? { expect: 'column_values_to_be_unique', params: { column: name }, severity, mostly: 1 }
      : { expect: 'compound_columns_to_be_unique', params: { column_list: names }, severity, mostly: 1 },
  ];
}

/** What the schema itself asks of a file: its columns, whole rows, cells that their column may hold. */
function schemaRules({ columns, missing, extra }: Header, config: Config, fails: (failure: Failure) => void) {
  const { schema, quality } = config;
  const words = columns.map((column) => `"${column.name}" ${fitsWords(column)}`);
  const counts = columns.map(() => ({ judged: 0, failing: 0, places: [] as number[] }));
  const whole = { judged: 0, failing: 0, places: [] as number[] };
  const invalid = new Set<number>();
  const fail = (of: { failing: number; places: number[] }, failure: Failure) => {
    of.failing++;
    keepFirst(of.places, failure.place);
    invalid.add(failure.place);
    fails(failure);
  };
  const WHOLE = 'rows with as many fields as the header';
  const lost = missing.filter((name) => schema[name]!.role === 'input');
  return {
    take(block: Block): void {
      whole.judged += block.rows;
      for (const [c, column] of columns.entries()) {
        counts[c]!.judged += block.rows;
        if (column.missing !== 'refuse') continue;
        const values = block.values[c]!;
        for (let i = 0; i < block.rows; i++)
          if (Number.isNaN(values[i]!))
            fail(counts[c]!, { place: block.places[i]!, column: column.name, value: '', rule: words[c]! });
      }
      for (const { row, column, cell } of block.problems)
        fail(counts[column]!, {
          place: block.places[row]!,
          column: columns[column]!.name,
          value: cell,
          rule: words[column]!,
        });
    },
    malformed(place: number, problem: string): void {
      whole.judged++;
      fail(whole, { place, column: '', value: problem, rule: WHOLE });
    },
    results(): RuleResult[] {
      const rows = whole.judged;
      const allowed =
        quality.max_invalid_rows < 1 ? quality.max_invalid_rows * rows : quality.max_invalid_rows;
      const severity = invalid.size > allowed ? 'stop' : 'warn';
      const result = (
        rule: string,
        column: string | null,
        of: { judged: number; failing: number; places: number[] },
      ): RuleResult => ({
        rule,
        expect: 'schema',
        kind: 'schema',
        column,
        severity,
        verdict: of.judged === 0 ? 'inconclusive' : of.failing === 0 ? 'pass' : 'fail',
        ...of,
        observed: null,
      });
      const observed = [
        ...(missing.length === 0 ? [] : [`without ${someOf(missing)}`]),
        ...(extra.length === 0 ? [] : [`with ${someOf(extra)}`]),
      ].join('; ');
      return [
        {
          ...result('the columns of the schema', null, { judged: rows, failing: 0, places: [] }),
          severity: 'stop',
          verdict: lost.length + extra.length > 0 ? 'fail' : 'pass',
          observed: observed === '' ? 'these' : observed,
        },
        result(WHOLE, null, whole),
        ...columns.map(({ name }, c) => result(words[c]!, name, counts[c]!)),
      ];
    },
  };
}

const NAMES_SHOWN = 6;

function someOf(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN;
  return `${names.slice(0, NAMES_SHOWN).join(', ')}${more > 0 ? ` and ${formatCount(more)} more` : ''}`;
}

function fitsWords(column: NamedColumn): string {
  const { type, categories, range, missing } = column;
  const what =
    categories !== undefined
      ? `one of ${categories.slice(0, 5).join(', ')}${categories.length > 5 ? ' …' : ''}`
      : `a${type === 'integer' ? ' whole number' : ` ${type}`}${range === undefined ? '' : ` from ${describeRange(column)}`}`;
  return `${what}${missing === 'refuse' ? ', not missing' : ''}`;
}
