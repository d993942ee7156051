/** Bodies of requests: read up to the limit, as text, as JSON. */
import type { Context } from 'hono';
import { isJson, PROBLEMS } from './http.ts';

/** The JSON body, or the answer that refuses it. */
export async function readJson(
  c: Context,
  maxBytes: number,
  isRight: (contentType: string | undefined) => boolean = isJson,
): Promise<{ value: unknown } | { refusal: Response }> {
  if (!isRight(c.req.header('content-type'))) return { refusal: c.json({ error: PROBLEMS.notJson }, 415) };
  const text = await readText(c, maxBytes);
  if (text === undefined) return { refusal: c.json({ error: PROBLEMS.tooLarge(maxBytes) }, 413) };
  try {
    return { value: JSON.parse(text) };
  } catch {
    return { refusal: c.json({ error: PROBLEMS.malformed }, 400) };
  }
}

/** The body as text; undefined beyond the limit, where reading stops whatever content-length says. */
export async function readText(c: Context, maxBytes: number): Promise<string | undefined> {
  if (Number(c.req.header('content-length') ?? 0) > maxBytes) return undefined;
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of c.req.raw.body ?? []) {
    size += piece.length;
    if (size > maxBytes) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
