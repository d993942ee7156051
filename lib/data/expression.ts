/**
 * Small expressions over the columns of a row, as SQL writes them: "Torque [Nm]" * 2 > 10 and "Type" in ('L', 'M'). Read once and
 * made into functions; nothing of them is ever run as a program. What is missing makes unknown what is made of it, and unknown is
 * neither true nor false (the three-valued logic of SQL).
 */
import { didYouMean } from '../words.ts';
import { ExpressionError, type Token, tokensOf } from './expression-tokens.ts';

export { ExpressionError };

export type ValueType = 'number' | 'text' | 'truth';

/** A column that expressions may name; times are milliseconds since 1970. */
export interface KnownColumn {
  readonly name: string;
  readonly type: 'number' | 'text';
}

/** The cells of rows; columns by their place among the known ones. Missing: NaN, undefined. */
export interface Cells {
  number(column: number, row: number): number;
  text(column: number, row: number): string | undefined;
}

export interface Expression {
  readonly type: ValueType;
  /** Places of the columns that it reads. */
  readonly columns: readonly number[];
  /** Of a number its value, of a truth 1 or 0; NaN where it is not known. */
  number(cells: Cells, row: number): number;
  /** Undefined where it is not known, and where the expression is no text. */
  text(cells: Cells, row: number): string | undefined;
}

type NumberOf = (cells: Cells, row: number) => number;
type TextOf = (cells: Cells, row: number) => string | undefined;
type Node = { type: 'number' | 'truth'; number: NumberOf } | { type: 'text'; text: TextOf };

const DEEPEST = 64;
const FUNCTIONS: Readonly<
  Record<string, { readonly least: number; readonly most: number; of(...x: number[]): number }>
> = {
  abs: { least: 1, most: 1, of: Math.abs },
  sqrt: { least: 1, most: 1, of: Math.sqrt },
  ln: { least: 1, most: 1, of: Math.log },
  exp: { least: 1, most: 1, of: Math.exp },
  floor: { least: 1, most: 1, of: Math.floor },
  ceil: { least: 1, most: 1, of: Math.ceil },
  round: { least: 1, most: 1, of: Math.round },
  power: { least: 2, most: 2, of: (x, y) => x ** y },
  least: { least: 2, most: 16, of: Math.min },
  greatest: { least: 2, most: 16, of: Math.max },
};
const COMPARE: Readonly<Record<string, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '<>': (order) => order !== 0,
  '!=': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

/** Reads an expression; throws an ExpressionError that says what is wrong and at which character. */
export function parseExpression(text: string, known: readonly KnownColumn[]): Expression {
  const parser = new Parser(tokensOf(text), known);
  const node = parser.whole();
  return {
    type: node.type,
    columns: [...parser.used].sort((a, b) => a - b),
    number: node.type === 'text' ? () => Number.NaN : node.number,
    text: node.type === 'text' ? node.text : () => undefined,
  };
}

/** By recursive descent: or, and, not, comparison, sum, product, sign, what stands alone. */
class Parser {
  readonly used = new Set<number>();
  #at = 0;
  #depth = 0;
  readonly #tokens: readonly Token[];
  readonly #known: readonly KnownColumn[];

  constructor(tokens: readonly Token[], known: readonly KnownColumn[]) {
    this.#tokens = tokens;
    this.#known = known;
  }

  whole(): Node {
    const node = this.#or();
    if (this.#next.kind !== 'end') this.#fail('an operator or the end');
    return node;
  }

  get #next(): Token {
    return this.#tokens[this.#at]!;
  }

  #fail(wanted: string): never {
    throw new ExpressionError(
      `at ${this.#next.at}: expected ${wanted}, found ${this.#next.kind === 'end' ? 'the end' : JSON.stringify(this.#next.value)}`,
    );
  }

  /** Takes a sign or a word if it comes next. */
  #takes(value: string): boolean {
    const { kind, value: found } = this.#next;
    if ((kind !== 'sign' && kind !== 'name') || found.toLowerCase() !== value) return false;
    this.#at++;
    return true;
  }

  #must(value: string): void {
    if (!this.#takes(value)) this.#fail(`"${value}"`);
  }

  #number(node: Node, at: Token): NumberOf {
    if (node.type !== 'number')
      throw new ExpressionError(`at ${at.at}: a number is needed here, not a ${node.type}`);
    return node.number;
  }

  #truth(node: Node, at: Token): NumberOf {
    if (node.type !== 'truth')
      throw new ExpressionError(`at ${at.at}: something true or false is needed here, not a ${node.type}`);
    return node.number;
  }

  #or(): Node {
    if (++this.#depth > DEEPEST)
      throw new ExpressionError(`at ${this.#next.at}: nested more than ${DEEPEST} deep`);
    let start = this.#next;
    let left = this.#and();
    while (this.#takes('or')) {
      const a = this.#truth(left, start);
      start = this.#next;
      const b = this.#truth(this.#and(), start);
      left = { type: 'truth', number: (cells, row) => either(a(cells, row), b(cells, row)) };
    }
    this.#depth--;
    return left;
  }

  #and(): Node {
    let start = this.#next;
    let left = this.#not();
    while (this.#takes('and')) {
      const a = this.#truth(left, start);
      start = this.#next;
      const b = this.#truth(this.#not(), start);
      left = { type: 'truth', number: (cells, row) => 1 - either(1 - a(cells, row), 1 - b(cells, row)) };
    }
    return left;
  }

  #not(): Node {
    let isNot = false;
    while (this.#takes('not')) isNot = !isNot;
    const start = this.#next;
    const node = this.#comparison();
    if (!isNot) return node;
    const of = this.#truth(node, start);
    return { type: 'truth', number: (cells, row) => 1 - of(cells, row) };
  }

  #comparison(): Node {
    const start = this.#next;
    const left = this.#sum();
    const sign = this.#next;
    const holds = sign.kind === 'sign' ? COMPARE[sign.value] : undefined;
    if (holds !== undefined) {
      this.#at++;
      const right = this.#sum();
      const order = this.#order(left, right, sign);
      return { type: 'truth', number: (cells, row) => known(order(cells, row), holds) };
    }
    if (this.#takes('is')) {
      const isNot = this.#takes('not');
      this.#must('null');
      const isMissing = (cells: Cells, row: number) =>
        left.type === 'text' ? left.text(cells, row) === undefined : Number.isNaN(left.number(cells, row));
      return { type: 'truth', number: (cells, row) => Number(isMissing(cells, row) !== isNot) };
    }
    const isNot =
      this.#next.kind === 'name' && this.#next.value.toLowerCase() === 'not' && this.#takes('not');
    if (this.#takes('between')) {
      const of = this.#number(left, start);
      const [lowAt, low] = [this.#next, this.#sum()];
      this.#must('and');
      const [highAt, high] = [this.#next, this.#sum()];
      const [a, b] = [this.#number(low, lowAt), this.#number(high, highAt)];
      return negatedIf(isNot, (cells, row) => {
        const x = of(cells, row);
        return (
          1 - either(1 - known(x - a(cells, row), (d) => d >= 0), 1 - known(b(cells, row) - x, (d) => d >= 0))
        );
      });
    }
    if (this.#takes('in')) {
      this.#must('(');
      const orders: NumberOf[] = [];
      do {
        const at = this.#next;
        orders.push(this.#order(left, this.#sum(), at));
      } while (this.#takes(','));
      this.#must(')');
      return negatedIf(isNot, (cells, row) =>
        orders.reduce(
          (found, order) =>
            either(
              found,
              known(order(cells, row), (d) => d === 0),
            ),
          0,
        ),
      );
    }
    if (isNot) this.#fail('"between" or "in"');
    return left;
  }

  /** Below 0, 0 or above: how two values of one type stand to each other; NaN where one is not known. */
  #order(left: Node, right: Node, at: Token): NumberOf {
    if (left.type !== right.type)
      throw new ExpressionError(`at ${at.at}: a ${left.type} and a ${right.type} cannot be compared`);
    if (left.type === 'text' && right.type === 'text') {
      const [a, b] = [left.text, right.text];
      return (cells, row) => {
        const [x, y] = [a(cells, row), b(cells, row)];
        if (x === undefined || y === undefined) return Number.NaN;
        return x < y ? -1 : Number(x > y);
      };
    }
    const [a, b] = [(left as { number: NumberOf }).number, (right as { number: NumberOf }).number];
    return (cells, row) => a(cells, row) - b(cells, row);
  }

  #sum(): Node {
    let start = this.#next;
    let left = this.#product();
    for (;;) {
      const isPlus = this.#takes('+');
      if (!isPlus && !this.#takes('-')) return left;
      const a = this.#number(left, start);
      start = this.#next;
      const b = this.#number(this.#product(), start);
      left = {
        type: 'number',
        number: isPlus
          ? (cells, row) => a(cells, row) + b(cells, row)
          : (cells, row) => a(cells, row) - b(cells, row),
      };
    }
  }

  #product(): Node {
    let start = this.#next;
    let left = this.#signed();
    for (;;) {
      const sign = ['*', '/', '%'].find((each) => this.#takes(each));
      if (sign === undefined) return left;
      const a = this.#number(left, start);
      start = this.#next;
      const b = this.#number(this.#signed(), start);
      left = { type: 'number', number: (cells, row) => finite(operate(sign, a(cells, row), b(cells, row))) };
    }
  }

  #signed(): Node {
    if (!this.#takes('-')) return this.#alone();
    if (++this.#depth > DEEPEST)
      throw new ExpressionError(`at ${this.#next.at}: nested more than ${DEEPEST} deep`);
    const start = this.#next;
    const of = this.#number(this.#signed(), start);
    this.#depth--;
    return { type: 'number', number: (cells, row) => -of(cells, row) };
  }

  #alone(): Node {
    const token = this.#next;
    if (this.#takes('(')) {
      const node = this.#or();
      this.#must(')');
      return node;
    }
    if (token.kind === 'number') {
      this.#at++;
      const value = Number(token.value);
      return { type: 'number', number: () => value };
    }
    if (token.kind === 'text') {
      this.#at++;
      return { type: 'text', text: () => token.value };
    }
    if (token.kind === 'column') {
      this.#at++;
      return this.#column(token);
    }
    if (token.kind !== 'name') this.#fail('a value');
    this.#at++;
    return this.#takes('(') ? this.#call(token) : this.#column(token);
  }

  #column({ value, at }: Token): Node {
    const place = this.#known.findIndex(({ name }) => name === value);
    if (place < 0)
      throw new ExpressionError(
        `at ${at}: "${value}" is no column${didYouMean(
          value,
          this.#known.map(({ name }) => name),
        )} (a text stands in single quotes)`,
      );
    this.used.add(place);
    return this.#known[place]!.type === 'text'
      ? { type: 'text', text: (cells, row) => cells.text(place, row) }
      : { type: 'number', number: (cells, row) => cells.number(place, row) };
  }

  #call({ value, at }: Token): Node {
    const name = value.toLowerCase();
    const args: { node: Node; token: Token }[] = [];
    do {
      const token = this.#next;
      args.push({ node: this.#or(), token });
    } while (this.#takes(','));
    this.#must(')');
    if (name === 'length' && args.length === 1 && args[0]!.node.type === 'text') {
      const { text } = args[0]!.node;
      return { type: 'number', number: (cells, row) => text(cells, row)?.length ?? Number.NaN };
    }
    const found = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
    if (found === undefined)
      throw new ExpressionError(
        `at ${at}: there is no function ${value}${didYouMean(name, [...Object.keys(FUNCTIONS), 'length'])}`,
      );
    if (args.length < found.least || args.length > found.most)
      throw new ExpressionError(
        `at ${at}: ${name} takes ${found.least === found.most ? found.least : `${found.least} to ${found.most}`} values, here are ${args.length}`,
      );
    const numbers = args.map(({ node, token }) => this.#number(node, token));
    const [first, second] = numbers as [NumberOf, NumberOf | undefined];
    if (numbers.length === 1)
      return { type: 'number', number: (cells, row) => finite(found.of(first(cells, row))) };
    if (numbers.length === 2)
      return {
        type: 'number',
        number: (cells, row) => finite(found.of(first(cells, row), second!(cells, row))),
      };
    return {
      type: 'number',
      number: (cells, row) => finite(found.of(...numbers.map((of) => of(cells, row)))),
    };
  }
}

function operate(sign: string, a: number, b: number): number {
  if (sign === '*') return a * b;
  return sign === '/' ? a / b : a % b;
}

/** What is no number, such as what was divided by 0, is not known. */
function finite(x: number): number {
  return Number.isFinite(x) ? x : Number.NaN;
}

function known(order: number, holds: (order: number) => boolean): number {
  return Number.isNaN(order) ? Number.NaN : Number(holds(order));
}

/** True where one is, false where both are, else not known. */
function either(a: number, b: number): number {
  if (a === 1 || b === 1) return 1;
  return a === 0 && b === 0 ? 0 : Number.NaN;
}

function negatedIf(isNot: boolean, of: NumberOf): Node {
  return { type: 'truth', number: isNot ? (cells, row) => 1 - of(cells, row) : of };
}
