/**
 * config.yaml for make: a makefile of paths and versions, the files that each program is made of, and one file per
 * product with the settings it depends on. Each is replaced only if its content changed.
 */
import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { loadProject } from '../lib/config/load.ts';
import { programFiles } from '../lib/config/programs.ts';
import { rawFiles, settingsOf } from '../lib/config/settings.ts';
import { badInput } from '../lib/fault.ts';
import { writeIfChanged } from '../lib/files/write.ts';
import { json } from '../lib/registry/json.ts';
import { run } from '../lib/terminal.ts';
import { rungsOf } from '../lib/tune/search.ts';

run(() => {
  const project = loadProject();
  const { config, path, state } = project;
  if (/[\s#$:%]/.test(path('.')))
    throw badInput(
      `${project.configPath}  make cannot handle the folder name "${path('.')}": no spaces, #, $, : or %`,
    );

  for (const product of ['raw', 'prepare', 'train', 'tune', 'day2'] as const) {
    writeIfChanged(state(`${product}.json`), json(settingsOf(config, product)));
  }

  const variables = {
    RAW: rawFiles(config)
      .map((file) => path(file))
      .join(' '),
    RAW_SETTINGS: config.data.source === 'file' ? '' : state('raw.json'),
    LABELLED: config.data.labelled.map((file) => path(file)).join(' '),
    PROCESSED: path(config.data.processed_dir),
    PRODUCTION: path(config.data.production_dir),
    CURRENT_VERSION: config.data.current_version,
    LATER_ROWS: path(config.data.processed_dir, `${config.replay.data_version}_test.csv`),
    RUNGS: Array.from({ length: rungsOf(config.tuning) }, (_, i) => i + 1).join(' '),
    MODELS: path(config.paths.models),
    REPORTS: path(config.paths.reports),
  };
  const programs = readdirSync('scripts')
    .filter((file) => file.endsWith('.ts'))
    .map((file) => [`program.${basename(file, '.ts')}`, programFiles(`scripts/${file}`).join(' ')] as const);
  const lines = [...Object.entries(variables), ...programs].map(([name, value]) =>
    `${name} := ${value}`.trimEnd(),
  );
  writeIfChanged(
    state('config.mk'),
    `# Made from ${project.configPath} by scripts/config-emit.ts\n${lines.join('\n')}\n`,
  );
});
