/** A batch against those before it: columns whose mean, missing cells or categories are not what they usually are. */
import type { ColumnProfile, Profile } from './profile.ts';

export interface OddColumn {
  readonly column: string;
  readonly what: 'mean' | 'missing' | 'category';
  /** In words: what it is now against what it usually is. */
  readonly now: number;
  readonly usual: number;
  /** Standard errors that it is away: of its own rows, and of how the batches before differed. */
  readonly away: number;
}

/** Standard errors from which a column is said, and differences that are too small to matter: of a standard deviation, of a share. */
const FAR = 5;
const MATTERS = { mean: 0.1, share: 0.01 };

/** With one batch before, only the rows say what chance is; with more, how those batches differed counts as well. */
export function oddColumns(now: Profile, history: readonly Profile[]): OddColumn[] {
  return Object.entries(now.columns).flatMap(([column, own]) => {
    const before = history.flatMap((profile) =>
      profile.columns[column] === undefined ? [] : [{ rows: profile.rows, ...profile.columns[column] }],
    );
    if (before.length === 0 || now.rows === 0) return [];
    return [
      ...meanOdd(column, own, now.rows, before),
      ...shareOdd(column, 'missing', (of) => of.nulls, own, now.rows, before),
      ...categoriesOdd(column, own, now.rows, before),
    ];
  });
}

type Before = ColumnProfile & { readonly rows: number };

function meanOdd(column: string, own: ColumnProfile, rows: number, before: readonly Before[]): OddColumn[] {
  const means = before.flatMap(({ mean }) => mean ?? []);
  const stdev = Math.max(own.stdev ?? 0, ...before.map((each) => each.stdev ?? 0));
  if (own.mean === undefined || means.length === 0 || stdev === 0) return [];
  const usual = meanOf(means);
  const error = Math.sqrt(
    stdev ** 2 / rows + varianceOf(means) + stdev ** 2 / sumOf(before.map((each) => each.rows)),
  );
  const away = (own.mean - usual) / error;
  return Math.abs(away) > FAR && Math.abs(own.mean - usual) > MATTERS.mean * stdev
    ? [{ column, what: 'mean', now: own.mean, usual, away }]
    : [];
}

function shareOdd(
  column: string,
  what: 'missing' | 'category',
  countOf: (of: ColumnProfile) => number,
  own: ColumnProfile,
  rows: number,
  before: readonly Before[],
): OddColumn[] {
  const shares = before.map((each) => countOf(each) / each.rows);
  const [share, usual] = [countOf(own) / rows, meanOf(shares)];
  // One more of each kind, so that what was never seen has a chance (Laplace).
  const all = sumOf(before.map((each) => each.rows));
  const p = (usual * all + 1) / (all + 2);
  const error = Math.sqrt((p * (1 - p)) / rows + (p * (1 - p)) / all + varianceOf(shares));
  const away = (share - usual) / error;
  return Math.abs(away) > FAR && Math.abs(share - usual) > MATTERS.share
    ? [{ column, what, now: share, usual, away }]
    : [];
}

function categoriesOdd(
  column: string,
  own: ColumnProfile,
  rows: number,
  before: readonly Before[],
): OddColumn[] {
  return Object.keys(own.categories ?? {}).flatMap((name) =>
    shareOdd(
      `${column}: ${name}`,
      'category',
      ({ categories }) => categories?.[name] ?? 0,
      own,
      rows,
      before,
    ),
  );
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function meanOf(values: readonly number[]): number {
  return sumOf(values) / values.length;
}

/** Of how batches differ; nothing is known of it from one. */
function varianceOf(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const mean = meanOf(values);
  return sumOf(values.map((value) => (value - mean) ** 2)) / (values.length - 1);
}
