/** make claims in short: each claim runs, and none is broken beyond what chance explains in so few trials. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLAIMS, claimTable } from '../../bench/claims.ts';
import { claimsTable } from '../../bench/words.ts';

/** The others take seconds however few trials there are; the chapters' and the watch's own tests try what they claim. */
const QUICK = ['drift-one', 'drift-any', 'coverage', 'coverage-entities', 'compare', 'conformal'];

test('the claims hold in a few trials each, but for what chance breaks of so many, and a broken one is named', () => {
  const rows = QUICK.flatMap((name) => CLAIMS[name]!(0.02));
  assert.ok(rows.length > 80 && rows.every(({ trials }) => trials >= 5), String(rows.length));
  const broken = rows.filter(({ holds }) => !holds);
  assert.ok(broken.length <= 0.05 * rows.length, claimTable(broken));
  const row = CLAIMS['coverage-entities']!(0.02)[0]!;
  const table = claimsTable([
    row,
    { ...row, at: 'another', observed: 0.5, low: 0.4, high: 0.6, holds: false },
  ]);
  assert.match(
    table,
    /2 cases; the nearest: another \| ≥ 0\.93 \| 0\.500 \[0\.400 – 0\.600\] \| .* \*\*no\*\* \(1\)/,
  );
});
