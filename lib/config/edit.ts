/** Changing settings in place: comments, order and formatting of config.yaml stay. */
import { isScalar, isSeq, parseDocument } from 'yaml';
import { readIfThere, writeAtomic } from '../files/write.ts';
import { parseConfig } from './parse.ts';

/** The file as it was named, and its text when it was read. */
export interface ConfigFile {
  readonly configPath: string;
  readonly text: string;
}

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

/** Writes the settings into the config as it is now, whoever edited it meanwhile; false where they are so already. */
export function writeSettings(
  { configPath, text }: ConfigFile,
  changes: Record<string, string | number | readonly string[]>,
): boolean {
  const now = readIfThere(configPath) ?? text;
  const edited = editConfig(now, changes);
  if (edited === now) return false;
  parseConfig(edited, configPath);
  writeAtomic(configPath, edited);
  return true;
}

/** Moves the data version that training reads; false where it is there already. */
export function moveDataVersion(file: ConfigFile, version: string): boolean {
  return writeSettings(file, { 'data.current_version': version });
}
