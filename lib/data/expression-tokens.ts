/** The words and signs of an expression, each with the character that it begins at. */

/** What an expression says wrong, and where in it. */
export class ExpressionError extends Error {}

const TOKEN =
  /\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|'((?:[^']|'')*)'|"((?:[^"]|"")*)"|([A-Za-z_]\w*)|(<=|>=|<>|!=|[-+*/%<>=(),]))/y;

export interface Token {
  readonly kind: 'number' | 'text' | 'column' | 'name' | 'sign' | 'end';
  readonly value: string;
  readonly at: number;
}

/** Throws an ExpressionError where something stands that is none. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (TOKEN.lastIndex = 0; ; ) {
    const at = TOKEN.lastIndex;
    const found = TOKEN.exec(text);
    if (found === null) {
      const rest = text.slice(at).trimStart();
      if (rest !== '')
        throw new ExpressionError(
          `at ${text.length - rest.length + 1}: ${JSON.stringify(rest.slice(0, 10))} is nothing that stands in an expression`,
        );
      return [...tokens, { kind: 'end', value: 'the end', at: text.length + 1 }];
    }
    const [whole, number, quoted, column, name, sign] = found;
    const place = at + whole.length - whole.trimStart().length + 1;
    if (number !== undefined) tokens.push({ kind: 'number', value: number, at: place });
    else if (quoted !== undefined)
      tokens.push({ kind: 'text', value: quoted.replaceAll("''", "'"), at: place });
    else if (column !== undefined)
      tokens.push({ kind: 'column', value: column.replaceAll('""', '"'), at: place });
    else if (name !== undefined) tokens.push({ kind: 'name', value: name, at: place });
    else tokens.push({ kind: 'sign', value: sign!, at: place });
  }
}
