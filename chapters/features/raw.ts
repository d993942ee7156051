/** The raw file of data.source: features: the spine with its features, as they were known. */
import { existsSync } from 'node:fs';
import type { RawSource } from '../../lib/chapter.ts';
import { sectionOf } from '../../lib/config/parse.ts';
import { settingsHash } from '../../lib/config/settings.ts';
import { badInput } from '../../lib/fault.ts';
import { csvWriter } from '../../lib/files/csv-writer.ts';
import { sha256File } from '../../lib/files/hash.ts';
import { stageFile, touch } from '../../lib/files/write.ts';
import { commitOf } from '../../lib/project.ts';
import { recordArtefacts } from '../../lib/record/manifest.ts';
import { say } from '../../lib/terminal.ts';
import { formatCount, formatMany } from '../../lib/words.ts';
import { type Joined, joinSpine } from './join.ts';
import { featuresSection } from './settings.ts';
import { usersOf, versionsOf, viewsText } from './views.ts';

export const rawOfFeatures: RawSource = async (project) => {
  const { config } = project;
  const settings = sectionOf(config, featuresSection);
  const { raw_path } = config.data;
  const path = project.path(raw_path);
  const columns = Object.keys(config.schema);
  let joined: Joined | undefined;
  const staged = stageFile(path, (sink) => {
    const csv = csvWriter(sink);
    csv.record(columns);
    joined = joinSpine(
      config,
      settings,
      (each) => project.path(each),
      (cells) => csv.record(cells),
    );
    csv.end();
  });
  const { definitions, rows, unknown } = joined!;
  if (existsSync(path)) {
    staged.drop();
    if (sha256File(path) === staged.sha256) {
      touch(path);
      return;
    }
    const users = usersOf(project);
    const used =
      users.length === 0
        ? ''
        : `\n           ${users.map(({ model, view, number }) => `${model} uses ${view} v${number}`).join(', ')}.`;
    throw badInput(
      `${path} exists with other content than the spine and its views give now, and raw data is never overwritten.${used}\n           Set data.raw_path to a new file, then make prepare VERSION=v2 (or the next free version).`,
    );
  }
  const versions = versionsOf(project, definitions);
  staged.keep();
  const files = [settings.spine, ...new Set(definitions.map(({ source }) => settings.sources[source]!.path))];
  recordArtefacts(project.ledgers, { script: 'scripts/data-ingest.ts', commit: commitOf(project) }, [
    {
      version: 'raw',
      path: raw_path,
      sha256: staged.sha256,
      rows,
      columns: columns.length,
      source: config.data.source,
      config: settingsHash(config, 'raw'),
      inputs: files.map((file) => ({ path: file, sha256: sha256File(project.path(file)) })),
      facts: { views: viewsText(versions) },
    },
  ]);
  say(
    'features',
    `${path}   ${formatMany(rows, 'row')} with ${formatMany(
      definitions.reduce((sum, { names }) => sum + names.length, 0),
      'feature',
    )} as they were known, sha256 ${staged.sha256.slice(0, 12)}…`,
    ...versions.map(
      ({ view, number, hash }) =>
        `${view} v${number} (${hash})${unknown[view] === 0 ? '' : `: nothing was known for ${formatCount(unknown[view]!)} rows`}`,
    ),
  );
};
