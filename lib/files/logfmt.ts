/** key=value lines: values with spaces, quotes or line ends are JSON strings. */

export function formatLogfmt(fields: Record<string, string | number>): string {
  return Object.entries(fields)
    .map(
      ([key, value]) => `${key}=${/^[^\s"=]+$/.test(String(value)) ? value : JSON.stringify(String(value))}`,
    )
    .join(' ');
}

export function parseLogfmt(line: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [, key, value] of line.matchAll(/([^\s=]+)=("(?:[^"\\]|\\.)*"|\S*)/g)) {
    fields[key!] = value!.startsWith('"') ? unquoted(value!) : value!;
  }
  return fields;
}

/** What is no JSON string was damaged, and stays as it is. */
function unquoted(value: string): string {
  try {
    return JSON.parse(value) as string;
  } catch {
    return value;
  }
}
