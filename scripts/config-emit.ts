/**
 * config.yaml for make: a makefile of paths and versions, the files that each program is made of, and one file per
 * product with the settings it depends on. Each is replaced only if its content changed.
 */
import { basename, join } from 'node:path';
import { rememberParse } from '../lib/config/load.ts';
import { programFiles } from '../lib/config/programs.ts';
import { rawFiles, settingsOf } from '../lib/config/settings.ts';
import { chapters, handedIn } from '../lib/door.ts';
import { badInput } from '../lib/fault.ts';
import { json, namesIn, writeIfChanged } from '../lib/files/write.ts';
import { incrementsOf } from '../lib/record/increments.ts';
import { labelledFiles } from '../lib/record/labelled.ts';
import { partPath } from '../lib/registry/data-versions.ts';
import { latestPath } from '../lib/registry/versions.ts';
import { step } from '../lib/step.ts';
import { trainingSettings } from '../lib/train/build.ts';

step({ chapters }, async (project) => {
  const { config, path, state } = project;
  if (/[^\w./@+-]/.test(path('.')))
    throw badInput(
      `${project.configPath}  make cannot handle the folder name "${path('.')}": letters, digits and . _ - + @ / only`,
    );
  rememberParse(project.text, state('parsed.json'));
  const training = handedIn('training');
  const changes = await Promise.all(training.map(({ load }) => load()));
  const added = chapters.flatMap((chapter) => chapter.make?.(project) ?? []);

  const settings: Record<string, unknown> = {
    raw: settingsOf(config, 'raw'),
    prepare: settingsOf(config, 'prepare'),
    train: trainingSettings(config, changes),
    day2: settingsOf(config, 'day2'),
    ...Object.assign({}, ...added.map((each) => each.settings)),
  };
  for (const [product, value] of Object.entries(settings))
    writeIfChanged(state(`${product}.json`), json(value));

  const { current_version } = config.data;
  const joined = [
    ...incrementsOf(project.ledgers, current_version),
    ...(labelledFiles(project.ledgers, current_version) ?? []),
  ];
  const variables: Record<string, string> = {
    RAW: rawFiles(config)
      .map((file) => path(file))
      .join(' '),
    RAW_SETTINGS: config.data.source === 'file' ? '' : state('raw.json'),
    JOINED: joined.map((file) => path(file.path)).join(' '),
    PROCESSED: path(config.data.processed_dir),
    PRODUCTION: path(config.data.production_dir),
    CURRENT_VERSION: current_version,
    LATER_ROWS: path(partPath(project, config.replay.data_version, 'test')),
    MODELS: path(config.paths.models),
    LATEST: latestPath(project),
    REPORTS: path(config.paths.reports),
    ...Object.assign({}, ...added.map((each) => each.variables)),
  };
  const more = { 'model-train': training.map(({ file }) => file) } as Record<string, string[]>;
  const imports = new Map<string, string[]>();
  const programs = scriptFiles().map((file) => {
    const name = basename(file, '.ts');
    return [`program.${name}`, programFiles([file, ...(more[name] ?? [])], imports).join(' ')] as const;
  });
  const lines = [...Object.entries(variables), ...programs].map(([name, value]) =>
    `${name} := ${value}`.trimEnd(),
  );
  writeIfChanged(
    state('config.mk'),
    `# Made from ${project.configPath} by scripts/config-emit.ts\n${lines.join('\n')}\n`,
  );
});

/** The core's scripts and the chapters'. */
function scriptFiles(): string[] {
  const folders = ['scripts', ...namesIn('chapters').map((name) => join('chapters', name, 'scripts'))];
  return folders.flatMap((folder) =>
    namesIn(folder)
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(folder, name)),
  );
}
