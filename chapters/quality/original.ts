/** Records of a file as their bytes stand there. */
import { readFileSync } from 'node:fs';
import { type CsvDialect, scanRecords } from '../../lib/files/csv-records.ts';

/** The text of each record that begins at one of these lines, and that of the header. */
export function originalRecords(
  path: string,
  lines: ReadonlySet<number>,
  dialect: CsvDialect,
): { header: string; records: Map<number, string> } {
  /** By the line that a wanted record begins at, the one that the next begins at. */
  const ends = new Map<number, number>();
  let open: number | undefined;
  let headerLine = 0;
  scanRecords(
    path,
    (_, line) => {
      if (headerLine === 0) headerLine = line;
      if (open !== undefined) ends.set(open, line);
      open = lines.has(line) || line === headerLine ? line : undefined;
    },
    dialect,
  );
  const rows = readFileSync(path, 'utf8')
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/);
  const textOf = (line: number) => {
    const end = ends.get(line) ?? rows.length + 1;
    const text = rows.slice(line - 1, end - 1).join('\n');
    return end > rows.length ? text.replace(/\n$/, '') : text;
  };
  return {
    header: textOf(headerLine),
    records: new Map(
      [...lines].filter((line) => line === open || ends.has(line)).map((line) => [line, textOf(line)]),
    ),
  };
}
