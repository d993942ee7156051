/** Figures and names in words, as every page, ledger and terminal line says them. */

export function formatCount(n: number): string {
  return n.toLocaleString('en-US');
}

/** "1 number", "2 numbers". */
export function formatMany(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** "0.812 [0.760 – 0.858]" */
export function formatInterval(
  { value, low, high }: { value: number; low: number; high: number },
  digits = 3,
): string {
  // What rounds to nothing has no sign.
  const said = (x: number) => x.toFixed(digits).replace(/^-(0\.0*)$/, '$1');
  return `${said(value)} [${said(low)} – ${said(high)}]`;
}

/** "1.23 %"; unknown where there was nothing to divide by, which JSON keeps as null. */
export function formatPercent(share: number | null, digits = 2): string {
  return share === null || Number.isNaN(share) ? 'unknown' : `${(share * 100).toFixed(digits)} %`;
}

/** "2026-11-20 10:15:02 UTC" of an ISO time. */
export function formatTime(time: string): string {
  return `${time.slice(0, 19).replace('T', ' ')} UTC`;
}

/** ": did you mean …?" for the name that is nearest to a misspelt one by a few letters; '' where none is near. */
export function didYouMean(name: string, names: Iterable<string>): string {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const known of names) {
    const distance = editDistance(name.toLowerCase(), known.toLowerCase(), least);
    if (distance < least) [best, least] = [known, distance];
  }
  return best === undefined ? '' : `: did you mean ${best}?`;
}

/** Letters to insert, remove, replace or swap with their neighbour (Damerau 1964, adjacent swaps once); at most `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let [before, row] = [[] as number[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        next[j] = Math.min(next[j]!, before[j - 2]! + 1);
    }
    [before, row] = [row, next];
  }
  return row[b.length]!;
}
