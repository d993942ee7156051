/**
 * Which of several tests are discoveries, so that among those no more than the rate are false on average (Benjamini & Hochberg
 * 1995), which with nothing to discover is the chance of any alarm.
 */
export function discoveries(chances: readonly number[], rate: number): boolean[] {
  const order = [...chances.keys()].sort((a, b) => chances[a]! - chances[b]!);
  let last = -1;
  for (const [place, test] of order.entries())
    if (chances[test]! <= (rate * (place + 1)) / chances.length) last = place;
  const found = new Array<boolean>(chances.length).fill(false);
  for (const test of order.slice(0, last + 1)) found[test] = true;
  return found;
}
