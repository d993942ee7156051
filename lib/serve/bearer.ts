/** Who may administer: whoever sends the token. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Handler } from 'hono';

/** Lets pass who sends the token; digests are compared, so neither length nor prefix shows in the time it takes. */
export function bearerOnly(token: string): Handler {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const expected = digest(`Bearer ${token}`);
  return async (c, next) => {
    if (!timingSafeEqual(digest(c.req.header('authorization') ?? ''), expected))
      return c.json({ error: 'a bearer token is needed' }, 401, { 'www-authenticate': 'Bearer' });
    return await next();
  };
}
