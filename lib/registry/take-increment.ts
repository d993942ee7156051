/** Rows that come after the raw file, taken in once: checked whole, written as an increment, on record with who brought them and why. */
import { existsSync } from 'node:fs';
import { namedColumns } from '../config/roles.ts';
import { settingsHash } from '../config/settings.ts';
import { type Dialect, validateFile } from '../data/validate.ts';
import { badInput } from '../fault.ts';
import { csvWriter } from '../files/csv-writer.ts';
import { sha256File } from '../files/hash.ts';
import { type Staged, stageFile } from '../files/write.ts';
import { commitOf, type Project } from '../project.ts';
import { type Increment, nextIncrementPath, readIncrements, recordIncrement } from '../record/increments.ts';
import { recordArtefacts } from '../record/manifest.ts';

export interface Brought {
  /** The file, as it is to be called, and where it can be read: in columns of the schema. */
  readonly from: string;
  readonly path: string;
  readonly dialect: Dialect;
  readonly by: string;
  readonly why: string;
  /** The script that takes it in. */
  readonly script: string;
}

const SHOWN = 5;

/** The increment; undefined where a file of the same bytes was taken in before. Fails with exit code 2 at rows that break the schema. */
export function takeIncrement(
  project: Project,
  { from, path, dialect, by, why, script }: Brought,
): Increment | undefined {
  const { config, ledgers } = project;
  if (!existsSync(path)) throw badInput(`${path} is missing`);
  const fromSha256 = sha256File(path);
  if (readIncrements(ledgers).some((increment) => increment.fromSha256 === fromSha256)) return undefined;
  const columns = namedColumns(config.schema);
  const to = nextIncrementPath(config, ledgers);
  const wrong: string[] = [];
  let [rows, invalid] = [0, 0];
  const staged = stageFile(project.path(to), (sink) => {
    const csv = csvWriter(sink);
    csv.record(columns.map(({ name }) => name));
    validateFile(
      path,
      columns,
      (row) => {
        rows++;
        for (const c of columns.keys()) csv.text(row.cell(c));
        csv.endRecord();
      },
      ({ line, reasons }) => {
        invalid++;
        if (wrong.length < SHOWN) wrong.push(`${path}:${line}  ${reasons.join('; ')}`);
      },
      dialect,
    );
    csv.end();
  });
  if (invalid === 0 && rows === 0) {
    staged.drop();
    throw badInput(`${path}  has no rows: nothing was taken in`);
  }
  if (invalid > 0) {
    staged.drop();
    throw badInput(
      `${wrong.join('\n')}${invalid > SHOWN ? `\n… and ${invalid - SHOWN} more` : ''}\n           ${invalid} of ${rows + invalid} rows break the schema: nothing was taken in. Mend or remove them.`,
    );
  }
  return keepIncrement(project, staged, to, { rows, from, fromSha256, by, why }, script);
}

/** Puts an increment in its place, and on record. `path` is its name in the config's folder. */
export function keepIncrement(
  project: Project,
  staged: Staged,
  path: string,
  about: Omit<Increment, 'path' | 'sha256'>,
  script: string,
): Increment {
  const { config, ledgers } = project;
  const increment = { path, sha256: staged.sha256, ...about };
  staged.keep();
  recordArtefacts(ledgers, { script, commit: commitOf(project) }, [
    {
      version: 'increment',
      path,
      sha256: staged.sha256,
      rows: about.rows,
      columns: Object.keys(config.schema).length,
      source: config.data.source,
      config: settingsHash(config, 'prepare'),
      inputs: [],
      facts: { from: `${about.from}@${about.fromSha256}`, by: about.by },
    },
  ]);
  recordIncrement(ledgers, increment);
  return increment;
}
