/** Reading manifest.txt: which artefact was made from what. */
import type { Project } from '../config/load.ts';
import { VERSION } from '../config/schema.ts';
import { sha256File } from '../files/hash.ts';
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

/** Where the raw rows came from: simulated ones stay simulated, whatever data.source says of the same bytes later. */
export function sourceOf(project: Project): string {
  const raw = sha256File(project.path(project.config.data.raw_path));
  const made = readManifest(project).find(({ version, sha256 }) => version === 'raw' && sha256 === raw);
  return made?.source ?? project.config.data.source;
}
