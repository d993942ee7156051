/** Small JSON files that programs keep for each other: what is read back is checked, whoever wrote it. */
import * as v from 'valibot';
import { failed } from '../fault.ts';

/** The content of a file as the schema has it; fails with its name and what is wrong in it. */
export function parseFile<S extends v.GenericSchema>(
  path: string,
  text: string,
  schema: S,
): v.InferOutput<S> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw failed(`${path}  cannot be read: ${(error as Error).message.replace(/\s+/g, ' ')}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw failed(`${path}  cannot be read: it holds no object`);
  const checked = v.safeParse(schema, value);
  if (checked.success) return checked.output;
  const { path: keys, input } = checked.issues[0];
  const what = keys?.map(({ key }) => String(key)).join('.') ?? 'the file';
  const is = input === undefined ? 'missing' : JSON.stringify(input).slice(0, 80);
  throw failed(`${path}  cannot be read: ${what} is ${is}`);
}
