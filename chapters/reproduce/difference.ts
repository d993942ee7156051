import { readFileSync } from 'node:fs';

/** Where two files first differ: the key path of JSON, the line of text. */
export function firstDifference(before: string, after: string): string {
  const [a, b] = [before, after].map((path) => readFileSync(path, 'utf8')) as [string, string];
  if (before.endsWith('.json')) {
    const difference = differingKey(JSON.parse(a), JSON.parse(b), '');
    if (difference !== undefined) return difference;
  }
  const [linesA, linesB] = [a.split('\n'), b.split('\n')];
  const line = linesA.findIndex((text, i) => text !== linesB[i]);
  return `line ${line < 0 ? linesA.length : line + 1}: ${shorten(linesA[line])} then, ${shorten(linesB[line])} now`;
}

function differingKey(a: unknown, b: unknown, path: string): string | undefined {
  if (Object.is(a, b)) return undefined;
  if (typeof a === 'object' && typeof b === 'object' && a !== null && b !== null) {
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      const found = differingKey(
        (a as Record<string, unknown>)[key],
        (b as Record<string, unknown>)[key],
        `${path}.${key}`,
      );
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return `${path.slice(1)} was ${shorten(JSON.stringify(a))}, now ${shorten(JSON.stringify(b))}`;
}

function shorten(text: string | undefined): string {
  if (text === undefined) return 'nothing';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
