/** Changing settings in place: comments, order and formatting of config.yaml stay. */
import { isScalar, isSeq, parseDocument } from 'yaml';

/** The text with each dotted key set to its value; the keys must exist. */
export function editConfig(
  text: string,
  changes: Record<string, string | number | readonly string[]>,
): string {
  let edited = text;
  for (const [key, value] of Object.entries(changes)) {
    const node = parseDocument(edited).getIn(key.split('.'), true);
    if (!(isScalar(node) || isSeq(node)) || node.range == null)
      throw new Error(`no setting ${key} to change`);
    const [start, end] = node.range;
    const written = Array.isArray(value) ? `[${value.join(', ')}]` : String(value);
    edited = edited.slice(0, start) + written + edited.slice(end);
  }
  return edited;
}
