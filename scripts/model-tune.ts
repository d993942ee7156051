/** The search around the trials: --files RUNG names the files of a rung for make; without it, the leaderboard and the best. */
import { parseArgs } from 'node:util';
import { editConfig } from '../lib/config/edit.ts';
import { loadProject, parseConfig } from '../lib/config/load.ts';
import { writeAtomic } from '../lib/files/write.ts';
import { json } from '../lib/registry/json.ts';
import { run, say } from '../lib/terminal.ts';
import { leaderboardPage } from '../lib/tune/page.ts';
import { partOf, rankTrials, readTrial, rungsOf, trialPath, trialsOf } from '../lib/tune/search.ts';

run(async () => {
  const { values } = parseArgs({ options: { files: { type: 'string' }, apply: { type: 'string' } } });
  const project = loadProject();
  const { tuning, paths, project_name } = project.config;
  if (values.files !== undefined) {
    const rung = Number(values.files);
    console.log(
      trialsOf(project, rung)
        .map((trial) => trialPath(project, trial, partOf(rung, rungsOf(tuning))))
        .join(' '),
    );
    return;
  }
  const last = rungsOf(tuning);
  const ranked = rankTrials(
    project,
    trialsOf(project, last).map((trial) => readTrial(project, trial, 1)),
  );
  const { metric, validation, folds, trials } = tuning;
  const file = (name: string) => project.path(paths.reports, 'tuning', name);
  writeAtomic(file('leaderboard.json'), json({ metric, validation, folds, trials, ranked }));
  writeAtomic(
    file('leaderboard.html'),
    await leaderboardPage(ranked, { metric, validation, folds, searched: trials, project: project_name }),
  );
  const [best] = ranked as [(typeof ranked)[number]];
  const asItIs = ranked.find(({ trial }) => trial === 0)!;
  const settings = Object.entries(best.params).map(([name, value]) => `${name} ${value}`);
  say(
    'tune',
    `${metric} ${best.mean.toFixed(4)} ± ${best.deviation.toFixed(4)}   ${best.trial === 0 ? 'the config as it is' : `trial ${best.trial}: ${settings.join(' · ')}`}`,
    `${asItIs.mean.toFixed(4)} ± ${asItIs.deviation.toFixed(4)} with the config as it is   ${file('leaderboard.html')}`,
  );
  if (best.trial === 0) return;
  if (!values.apply) {
    say('', 'make tune APPLY=yes writes the best into the config');
    return;
  }
  const changes = Object.fromEntries(
    Object.entries(best.params).map(([name, value]) => [`model_params.${name}`, value as string | number]),
  );
  const edited = editConfig(project.text, changes);
  parseConfig(edited, project.configPath);
  writeAtomic(project.configPath, edited);
  say('config', settings.join(' · '), 'make train trains with them');
});
