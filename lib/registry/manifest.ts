/** Reading manifest.txt: which artefact was made from what. */
import type { Project } from '../config/load.ts';
import { VERSION } from '../config/schema.ts';
import { readLedger } from '../files/ledger.ts';
import { parseLogfmt } from '../files/logfmt.ts';
import { ledgersOf } from './ledgers.ts';

export type Artefact = Readonly<Record<string, string>>;

/** Lines of the manifest, oldest first. */
export function readManifest(project: Project): Artefact[] {
  const { path, format } = ledgersOf(project).manifest;
  return readLedger(path, format).lines.map(({ body }) => parseLogfmt(body));
}

/** The first data version that nothing has taken. */
export function nextDataVersion(project: Project): string {
  const taken = readManifest(project).flatMap(({ version }) =>
    VERSION.test(version ?? '') ? [Number(version!.slice(1))] : [],
  );
  return `v${Math.max(0, ...taken) + 1}`;
}
