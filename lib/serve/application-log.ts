/** What the server says of itself: one JSON object per line, errors on stderr. */
export function logEvent(
  level: 'info' | 'error',
  message: string,
  fields: Readonly<Record<string, unknown>> = {},
): void {
  const line = JSON.stringify({
    time: new Date().toISOString(),
    level,
    pid: process.pid,
    message,
    ...fields,
  });
  if (level === 'error') console.error(line);
  else console.log(line);
}
