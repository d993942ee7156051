/** manifest.txt: which artefact was made by which script from what. */
import { VERSION } from '../config/values.ts';
import { appendLedger } from '../files/ledger.ts';
import { formatLogfmt, parseLogfmt } from '../files/logfmt.ts';
import { namesIn } from '../files/write.ts';
import { filesIn, type Ledgers, linesOf } from './catalogue.ts';
import { readLabelled } from './labelled.ts';

/** What the manifest says of an artefact; keys that are absent were not written. */
export type Artefact = Readonly<Record<string, string>>;

/** Lines of the manifest, oldest first. */
export function readManifest(ledgers: Ledgers): Artefact[] {
  return linesOf(ledgers.manifest).map(({ body }) => parseLogfmt(body));
}

/** Appends one line per artefact that a script made at a commit. Paths are as the config names them. */
export function recordArtefacts(
  ledgers: Ledgers,
  { script, commit }: { readonly script: string; readonly commit: string },
  artefacts: readonly {
    readonly version: string;
    readonly path: string;
    readonly sha256: string;
    readonly rows: number;
    readonly columns: number;
    readonly source: string;
    /** Hash of the settings it was made by. */
    readonly config: string;
    readonly inputs: readonly { readonly path: string; readonly sha256: string }[];
    /** Rows from production, by who taught them. */
    readonly taught?: Readonly<Record<string, number>>;
    /** What else there is to say of it, by keys that no other line has. */
    readonly facts?: Readonly<Record<string, string>>;
  }[],
): void {
  const time = new Date().toISOString();
  const { path, format } = ledgers.manifest;
  const lines = artefacts.map((artefact) => {
    const {
      version,
      path: file,
      sha256,
      rows,
      columns,
      source,
      config,
      inputs,
      taught = {},
      facts = {},
    } = artefact;
    const from = inputs.map((input) => `${input.path}@${input.sha256}`).join(',');
    const senders = Object.entries(taught)
      .map(([name, count]) => `${name}:${count}`)
      .join(',');
    const made = { time, version, path: file, sha256, rows, columns, source, script, commit, config };
    return formatLogfmt({
      ...made,
      ...(from === '' ? {} : { inputs: from }),
      ...(senders === '' ? {} : { taught: senders }),
      ...facts,
    });
  });
  appendLedger(path, format, lines);
}

/** What an artefact was made from, by path and sha256. */
export function inputsOf({ inputs = '' }: Artefact): { path: string; sha256: string }[] {
  return filesIn(inputs, ',');
}

/** The first data version that nothing has taken: no line of a ledger, and no file that a killed run left in the folder. */
export function nextDataVersion(ledgers: Ledgers, folder: string): string {
  const taken = [
    ...readManifest(ledgers).map(({ version = '' }) => version),
    ...readLabelled(ledgers).keys(),
    ...namesIn(folder).map((file) => file.split('_')[0]!),
  ].flatMap((version) => (VERSION.test(version) ? [Number(version.slice(1))] : []));
  return `v${Math.max(0, ...taken) + 1}`;
}

/** Where raw rows of this sha256 came from: simulated ones stay simulated, whatever data.source says of the same bytes later. */
export function sourceOf(ledgers: Ledgers, raw: string): string | undefined {
  return readManifest(ledgers).find(({ version, sha256 }) => version === 'raw' && sha256 === raw)?.source;
}
