/** Expressions over columns: what they mean, and that whatever is written is either read or refused with its place. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Cells, ExpressionError, parseExpression } from '../../lib/data/expression.ts';

const COLUMNS = [
  { name: 'a', type: 'number' },
  { name: 'Torque [Nm]', type: 'number' },
  { name: 'word', type: 'text' },
] as const;

/** One row; null is what is missing. */
function evaluated(
  text: string,
  row: { a?: number | null; torque?: number | null; word?: string | null } = {},
) {
  const { a = 2, torque = 40, word = 'low' } = row;
  const cells: Cells = {
    number: (column) => [a, torque][column] ?? Number.NaN,
    text: () => word ?? undefined,
  };
  const expression = parseExpression(text, COLUMNS);
  return expression.type === 'text' ? expression.text(cells, 0) : expression.number(cells, 0);
}

test('values follow the usual order of operations', () => {
  for (const [text, expected] of [
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['-a * 2 - -3', -1],
    ['7 % 4 + 6 / 3', 5],
    ['"Torque [Nm]" * a', 80],
    ['power(a, 3) + sqrt(16) + abs(-1)', 13],
    ['least(a, 5, 1) + greatest(a, 9)', 10],
    ['length(word)', 3],
    ['1e3 + .5', 1000.5],
    ["'it''s'", "it's"],
  ] as const)
    assert.equal(evaluated(text), expected, text);
});

test('truth has three values, as in SQL', () => {
  for (const [text, expected] of [
    ['a > 1 and "Torque [Nm]" <= 40', 1],
    ['a > 1 AND not a = 2', 0],
    ["word in ('low', 'high') or a = 3", 1],
    ["word not in ('high')", 1],
    ['a between 1 and 3', 1],
    ['a not between 1 and 3', 0],
    ['a <> 2', 0],
    ["word < 'm'", 1],
    ['a is null', 0],
    ['word is not null', 1],
  ] as const)
    assert.equal(evaluated(text), expected, text);
  const missing = { a: null, word: null };
  assert.ok(Number.isNaN(evaluated('a > 1', missing)));
  assert.ok(Number.isNaN(evaluated('not a > 1', missing)));
  assert.ok(Number.isNaN(evaluated('word = \'low\' and "Torque [Nm]" = 40', missing)));
  assert.equal(evaluated('a > 1 and "Torque [Nm]" = 0', missing), 0);
  assert.equal(evaluated('a > 1 or "Torque [Nm]" = 40', missing), 1);
  assert.equal(evaluated('a is null and word is null', missing), 1);
  assert.ok(Number.isNaN(evaluated('1 / (a - 2)')), 'what is divided by nothing is not known');
});

test('what is no expression is refused with its place, and never run', () => {
  for (const [text, said] of [
    ['a +', /at 4: expected a value, found the end/],
    ['a b', /at 3: expected an operator or the end/],
    ['tork > 1', /at 1: "tork" is no column/],
    ['"torque [Nm]" > 1', /did you mean Torque \[Nm\]\?/],
    ['word > 1', /a text and a number cannot be compared/],
    ['word + 1', /a number is needed here, not a text/],
    ['a and a', /something true or false is needed/],
    ['sqroot(a)', /there is no function sqroot: did you mean sqrt\?/],
    ['sqrt(a, a)', /takes 1 values, here are 2/],
    ['a; drop', /at 2: "; drop" is nothing/],
    ['process.exit(1)', /no column|is nothing/],
    ['constructor(a)', /there is no function constructor/],
    ['__proto__ = 1', /is no column/],
    ["'open", /at 1/],
    [`${'('.repeat(500)}1`, /nested more than/],
    [`${'-'.repeat(500)}1`, /nested more than/],
    ['', /expected a value/],
  ] as const)
    assert.throws(
      () => parseExpression(text, COLUMNS),
      (error) => error instanceof ExpressionError && said.test(error.message),
      text,
    );
});

test('any text is read or refused', () => {
  const piece = fc.constantFrom(
    'a',
    '"Torque [Nm]"',
    'word',
    "'x'",
    '1',
    '+',
    '-',
    '*',
    '/',
    '%',
    '<',
    '>=',
    '=',
    '(',
    ')',
    ',',
    'and',
    'or',
    'not',
    'is',
    'null',
    'in',
    'between',
    'sqrt',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(piece, { maxLength: 12 }).map((all) => all.join(' ')),
        fc.string(),
      ),
      (text) => {
        try {
          const { type } = parseExpression(text, COLUMNS);
          assert.ok(['number', 'text', 'truth'].includes(type));
        } catch (error) {
          assert.ok(error instanceof ExpressionError, `${text}: ${error}`);
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test('arithmetic is that of JavaScript where nothing is missing', () => {
  const number = fc.integer({ min: -50, max: 50 }).map(String);
  const tree = fc.letrec<{ node: string }>((tie) => ({
    node: fc.oneof(
      { depthSize: 'small' },
      number.map((x) => `(${x})`),
      fc
        .tuple(tie('node'), fc.constantFrom('+', '-', '*'), tie('node'))
        .map(([x, sign, y]) => `(${x} ${sign} ${y})`),
    ),
  })).node;
  fc.assert(
    fc.property(tree, (text) => {
      const expected = new Function(`return ${text}`)() as number;
      assert.equal(evaluated(text), expected === 0 ? evaluated(text) : expected);
      assert.ok(Math.abs((evaluated(text) as number) - expected) === 0);
    }),
  );
});
