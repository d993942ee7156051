/** What was spent of the privacy budget of a raw file: a line before any noise is drawn, so that nothing is had for nothing. */
import { join } from 'node:path';
import { csvParseRows } from 'd3-dsv';
import type { Config } from '../../lib/config/schema.ts';
import { badInput } from '../../lib/fault.ts';
import { csvLine } from '../../lib/files/csv.ts';
import { appendLedger, csvLedger } from '../../lib/files/ledger.ts';
import { withLock } from '../../lib/files/lock.ts';
import type { Project } from '../../lib/project.ts';
import { type Ledger, linesOf } from '../../lib/record/catalogue.ts';
import { epsilonOf, rhoOf } from './accounting.ts';

const NAME = 'privacy';

export function spendingLedger({ paths }: Pick<Config, 'paths'>): Ledger {
  return {
    name: NAME,
    path: join(paths.models, 'privacy.csv'),
    format: csvLedger(['time', 'data_sha256', 'epsilon', 'delta', 'rho', 'what']),
  };
}

function ledgerOf({ ledgers }: Pick<Project, 'ledgers'>): Ledger {
  return ledgers.chapters.find(({ name }) => name === NAME)!;
}

/** ρ that was spent on a raw file. */
export function spentOn(project: Pick<Project, 'ledgers'>, dataSha256: string): number {
  return linesOf(ledgerOf(project)).reduce((sum, { body }) => {
    const [, sha256, , , rho] = csvParseRows(body)[0]!;
    return sha256 === dataSha256 ? sum + Number(rho) : sum;
  }, 0);
}

export interface Spent {
  readonly rho: number;
  /** ε of everything that was spent on these rows, this time included. */
  readonly total: number;
}

/** Spends ε, or fails with exit code 2 where the budget does not hold it; then nothing is spent. */
export function spend(
  project: Project,
  dataSha256: string,
  epsilon: number,
  { delta, budget }: { delta: number; budget: number },
  what: string,
): Spent {
  const { path, format } = ledgerOf(project);
  return withLock(`${path}.spend.lock`, 10_000, () => {
    const rho = rhoOf(epsilon, delta);
    const before = spentOn(project, dataSha256);
    const total = epsilonOf(before + rho, delta);
    if (before + rho > rhoOf(budget, delta) * (1 + 1e-9))
      throw badInput(
        `chapters.synth.privacy.budget is ε ${budget} for this raw file: ε ${epsilonOf(before, delta).toFixed(2)} was spent, and with ε ${epsilon} more it would be ${total.toFixed(2)} (δ ${delta}). Refused; what was spent stays spent.`,
      );
    appendLedger(path, format, [
      csvLine([new Date().toISOString(), dataSha256, String(epsilon), String(delta), String(rho), what]),
    ]);
    return { rho, total };
  });
}
