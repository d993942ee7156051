/** What was judged when: a line for each look, which pages draw and rules of change compare with. Holds no row. */
import { join } from 'node:path';
import type { Config } from '../../lib/config/schema.ts';
import { appendLedger, jsonLedger } from '../../lib/files/ledger.ts';
import type { Verdict } from '../../lib/numbers/estimate.ts';
import type { Project } from '../../lib/project.ts';
import { type Ledger, linesOf } from '../../lib/record/catalogue.ts';
import type { Judged } from './judged.ts';
import type { Profile } from './profile.ts';

export interface HistoryLine {
  readonly time: string;
  /** The data version that was made of it; null where a file was judged by itself. */
  readonly version: string | null;
  readonly file: string;
  readonly sha256: string;
  readonly rows: number;
  readonly verdict: Verdict;
  /** By rule: its verdict, and how many rows failed of how many, or what was observed. */
  readonly rules: Readonly<
    Record<string, readonly [verdict: Verdict, failing: number, judged: number, observed: string | null]>
  >;
  readonly profile: Profile | null;
  /** What was changed to make the file of another, by remedy. */
  readonly remedied?: { readonly of: string; readonly remedies: Readonly<Record<string, number>> };
}

const NAME = 'quality';

export function historyLedger({ paths }: Pick<Config, 'paths'>): Ledger {
  return { name: NAME, path: join(paths.models, 'quality.jsonl'), format: jsonLedger };
}

function ledgerOf({ ledgers }: Project): Ledger {
  return ledgers.chapters.find(({ name }) => name === NAME)!;
}

export function readHistory(project: Project): HistoryLine[] {
  return linesOf(ledgerOf(project)).map(({ body }) => JSON.parse(body) as HistoryLine);
}

export function recordJudged(
  project: Project,
  { files, sha256, rows, verdict, rules, profile }: Judged,
  version: string | null,
  remedied?: HistoryLine['remedied'],
): void {
  const { path, format } = ledgerOf(project);
  const line: HistoryLine = {
    time: new Date().toISOString(),
    version,
    file: files.join(' '),
    sha256,
    rows,
    verdict,
    rules: Object.fromEntries(
      rules.map((each) => [each.rule, [each.verdict, each.failing, each.judged, each.observed]]),
    ),
    profile: version === null ? null : profile,
    ...(remedied === undefined ? {} : { remedied }),
  };
  appendLedger(path, format, [JSON.stringify(line)]);
}

/** What the version was that this one follows: the last that was made and is another. */
export function profileBefore(
  history: readonly HistoryLine[],
  version: string | undefined,
): Profile | undefined {
  const before = history
    .filter((line) => line.version !== null && line.version !== version && line.profile !== null)
    .at(-1);
  return before?.profile ?? undefined;
}
