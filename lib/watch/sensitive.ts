/** The sensitive columns that came with requests, which are logged apart from the predictions. */
import type { Project } from '../config/load.ts';
import { readLedger } from '../files/ledger.ts';
import { sensitiveLedgers } from '../registry/ledgers.ts';
import type { Fields } from '../serve/input.ts';

/** By the prediction's id. */
export function readSensitive(project: Project): Map<string, Fields> {
  const lines = sensitiveLedgers(project).flatMap(({ path, format }) => readLedger(path, format).lines);
  return new Map(
    lines.map(({ body }) => {
      const { id, sensitive } = JSON.parse(body) as { id: string; sensitive: Fields };
      return [id, sensitive];
    }),
  );
}
