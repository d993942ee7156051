/** The registry of features as a page, and in words. */
import { existsSync } from 'node:fs';
import { sectionOf } from '../../../lib/config/parse.ts';
import { chapters } from '../../../lib/door.ts';
import { badInput } from '../../../lib/fault.ts';
import { json, writeAtomic } from '../../../lib/files/write.ts';
import { rawParts, readRawTable } from '../../../lib/registry/raw-table.ts';
import { step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { formatMany } from '../../../lib/words.ts';
import { type FeatureFigures, formula, registryPage } from '../registry-page.ts';
import { featuresSection } from '../settings.ts';
import { readViewVersions, usersOf } from '../views.ts';

step({ chapters }, async (project) => {
  const settings = sectionOf(project.config, featuresSection);
  const views = Object.entries(settings.views);
  if (views.length === 0)
    throw badInput(`${project.configPath}  chapters.features.views is empty: no feature is declared`);
  const figures = new Map<string, FeatureFigures>();
  if (existsSync(project.path(project.config.data.raw_path))) {
    const { table } = readRawTable(project, rawParts(project));
    for (const [c, { name, categories }] of table.columns.entries()) {
      if (categories !== undefined || !views.some(([, { features }]) => Object.hasOwn(features, name)))
        continue;
      const there = table.values[c]!.filter((value) => !Number.isNaN(value));
      const mean = there.reduce((sum, value) => sum + value, 0) / there.length;
      figures.set(name, {
        rows: table.rows,
        missing: table.rows - there.length,
        low: there.reduce((low, x) => Math.min(low, x), Number.POSITIVE_INFINITY),
        mean,
        high: there.reduce((high, x) => Math.max(high, x), Number.NEGATIVE_INFINITY),
      });
    }
  }
  const [versions, users] = [readViewVersions(project), usersOf(project)];
  const at = (ending: string) => project.path(project.config.paths.reports, `features.${ending}`);
  writeAtomic(
    at('json'),
    json({ views: settings.views, versions, users, figures: Object.fromEntries(figures) }),
  );
  writeAtomic(at('html'), await registryPage(settings, versions, users, figures, 'make feature-registry'));
  for (const [i, [name, { features }]] of views.entries()) {
    const now = versions.filter(({ view }) => view === name).at(-1);
    const by = users
      .filter(({ view, number }) => view === name && number === now?.number)
      .map(({ model }) => model);
    say(
      i === 0 ? 'features' : '',
      `${name}${now === undefined ? '' : ` v${now.number}`}  ${formatMany(Object.keys(features).length, 'feature')}: ${Object.entries(
        features,
      )
        .slice(0, 3)
        .map(([feature, of]) => `${feature} (${formula(of)})`)
        .join(', ')}${by.length === 0 ? '' : `; used by ${by.join(', ')}`}`,
    );
  }
  say('', at('html'));
});
