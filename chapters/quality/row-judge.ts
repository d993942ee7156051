/** Rows that come one by one, or as a list: what a rule that stops says of each. */

import { sectionOf } from '../../lib/config/parse.ts';
import { type NamedColumn, namedColumns } from '../../lib/config/roles.ts';
import type { Rows } from '../../lib/predict/input.ts';
import type { RowJudge } from '../../lib/predict/predict.ts';
import type { Project } from '../../lib/project.ts';
import type { FieldProblem } from '../../lib/record/events.ts';
import type { Signature } from '../../lib/train/signature.ts';
import type { Block } from './block.ts';
import { FAILS, type RowFold } from './expectation.ts';
import { EXPECTATIONS, qualitySection, type Rule } from './settings.ts';
import { ruleWords } from './suite.ts';

/** Undefined where no rule can say of a row alone that it must not be answered. */
export function rowJudge(project: Project): RowJudge | undefined {
  const rules = sectionOf(project.config, qualitySection).expectations.filter(
    ({ expect, severity, mostly, by }) =>
      severity === 'stop' && mostly === 1 && by === undefined && EXPECTATIONS[expect]!.isAlone === true,
  );
  if (rules.length === 0) return undefined;
  const all = namedColumns(project.config.schema);
  const judges = new WeakMap<Signature, ReturnType<typeof judgeOf>>();
  return (rows, signature) => {
    const judge = judges.get(signature) ?? judgeOf(rules, all, signature);
    judges.set(signature, judge);
    return judge(rows);
  };
}

interface Bound {
  readonly fold: RowFold;
  readonly field: string;
  readonly problem: string;
}

/** A model's inputs as columns of a table. */
export function columnsOf({ inputs }: Signature): NamedColumn[] {
  return inputs.map(({ name, type, categories }) => ({
    name,
    type,
    role: 'input',
    missing: 'keep',
    ...(categories === undefined ? {} : { categories: [...categories] }),
  }));
}

/** Of the rules those whose columns are all inputs of the model. */
function judgeOf(rules: readonly Rule[], all: readonly NamedColumn[], signature: Signature) {
  const columns = columnsOf(signature);
  const places = new Map(columns.map(({ name }, c) => [name, c]));
  const bound = rules.flatMap((rule): Bound[] => {
    const entry = EXPECTATIONS[rule.expect]!;
    const named = entry.columns(rule.params, all);
    if (named.some((name) => !places.has(name))) return [];
    const fold = entry.rows!(rule.params, {
      columns,
      before: undefined,
      now: new Date(0),
      at: (name) => places.get(name)!,
    });
    const words = ruleWords(rule, all);
    const field = 'condition' in rule.params ? '' : (named[0] ?? '');
    return [{ fold, field, problem: `must be ${field === '' ? words : words.slice(field.length + 3)}` }];
  });
  const texts = columns.map(() => undefined);
  return (rows: Rows): FieldProblem[] => {
    const block = blockOf(rows, columns, texts);
    const marks = new Uint8Array(block.rows);
    const problems: FieldProblem[] = [];
    for (const { fold, field, problem } of bound) {
      fold.judge(block, marks);
      for (let row = 0; row < marks.length; row++)
        if (marks[row] === FAILS) problems.push({ row, field, problem });
    }
    return problems;
  };
}

/** Parsed rows, column by column. */
export function blockOf(
  { rows, values }: Rows,
  columns: readonly NamedColumn[],
  texts: Block['texts'],
): Block {
  const width = columns.length;
  return {
    columns,
    rows: rows.length,
    places: Float64Array.from(rows, (_, i) => i),
    values: columns.map((_, c) => {
      const column = new Float64Array(rows.length);
      for (let i = 0; i < column.length; i++) column[i] = values[i * width + c]!;
      return column;
    }),
    texts,
    problems: [],
  };
}
