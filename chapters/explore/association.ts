/** How much one column says of another, from how often their bins are there together. */

/** Entropy in nats of some counts. */
export function entropy(counts: ArrayLike<number>): number {
  let [sum, weighted] = [0, 0];
  for (let k = 0; k < counts.length; k++) {
    const count = counts[k]!;
    if (count === 0) continue;
    sum += count;
    weighted += count * Math.log(count);
  }
  return sum === 0 ? 0 : Math.log(sum) - weighted / sum;
}

export interface Marginals {
  readonly rows: Float64Array;
  readonly columns: Float64Array;
  readonly total: number;
}

export function marginalsOf(counts: Float64Array, width: number): Marginals {
  const rows = new Float64Array(counts.length / width);
  const columns = new Float64Array(width);
  let total = 0;
  for (let i = 0; i < counts.length; i++) {
    rows[Math.floor(i / width)]! += counts[i]!;
    columns[i % width]! += counts[i]!;
    total += counts[i]!;
  }
  return { rows, columns, total };
}

/** Mutual information in nats, less what chance alone gives on average (Miller 1955); not below 0. */
export function mutualInformation(counts: Float64Array, width: number): number {
  const { rows, columns, total } = marginalsOf(counts, width);
  if (total === 0) return 0;
  const used = (of: Float64Array) => of.reduce((n, count) => n + Number(count > 0), 0);
  const chance = ((used(rows) - 1) * (used(columns) - 1)) / (2 * total);
  return Math.max(0, entropy(rows) + entropy(columns) - entropy(counts) - chance);
}

/** Share of the entropy of the columns of the table that its rows explain (uncertainty coefficient, Theil 1970): 0 to 1. */
export function explained(counts: Float64Array, width: number): number {
  const uncertainty = entropy(marginalsOf(counts, width).columns);
  return uncertainty === 0 ? 0 : Math.min(1, mutualInformation(counts, width) / uncertainty);
}

/** Cramér's V without the bias of few rows (Bergsma 2013): 0 to 1. */
export function cramersV(counts: Float64Array, width: number): number {
  const { rows, columns, total } = marginalsOf(counts, width);
  const [r, k] = [rows, columns].map((of) => of.reduce((n, count) => n + Number(count > 0), 0)) as [
    number,
    number,
  ];
  if (r < 2 || k < 2 || total < 2) return 0;
  let chi = 0;
  for (let i = 0; i < counts.length; i++) {
    const expected = (rows[Math.floor(i / width)]! * columns[i % width]!) / total;
    if (expected > 0) chi += (counts[i]! - expected) ** 2 / expected;
  }
  const phi = Math.max(0, chi / total - ((k - 1) * (r - 1)) / (total - 1));
  const [rr, kk] = [r - (r - 1) ** 2 / (total - 1), k - (k - 1) ** 2 / (total - 1)];
  const least = Math.min(kk - 1, rr - 1);
  return least <= 0 ? 0 : Math.min(1, Math.sqrt(phi / least));
}

const ROUNDING = 1e-10;

/** A column at some rows as it is told from its mean there; 0 where it is missing, which is counted. */
export interface Centred {
  readonly values: Float64Array;
  readonly isThere: Uint8Array;
  readonly isWhole: boolean;
}

export function centred(column: Float64Array, rows: Int32Array): Centred {
  const values = new Float64Array(rows.length);
  const isThere = new Uint8Array(rows.length);
  let [count, sum] = [0, 0];
  for (let i = 0; i < rows.length; i++) {
    const value = column[rows[i]!]!;
    if (Number.isNaN(value)) continue;
    values[i] = value;
    isThere[i] = 1;
    count++;
    sum += value;
  }
  for (let i = 0; i < values.length; i++) values[i] = isThere[i] === 0 ? 0 : values[i]! - sum / count;
  return { values, isThere, isWhole: count === values.length };
}

/** Pearson's correlation of the rows where both are there. */
export function correlation(x: Centred, y: Centred): number {
  let [n, sx, sy, xx, yy, xy] = [0, 0, 0, 0, 0, 0];
  const isWhole = x.isWhole && y.isWhole;
  for (let i = 0; i < x.values.length; i++) {
    if (!isWhole && (x.isThere[i]! & y.isThere[i]!) === 0) continue;
    const [a, b] = [x.values[i]!, y.values[i]!];
    n++;
    sx += a;
    sy += b;
    xx += a * a;
    yy += b * b;
    xy += a * b;
  }
  const [vx, vy] = [xx - (sx * sx) / n, yy - (sy * sy) / n];
  // A column of one value varies by what rounding leaves of it.
  return vx > ROUNDING * xx && vy > ROUNDING * yy ? (xy - (sx * sy) / n) / Math.sqrt(vx * vy) : 0;
}
