/** The search around the trials: with RUNG it names the files of a rung for make; without it, the leaderboard and the best. */
import { writeSettings } from '../../../lib/config/edit.ts';
import { sectionOf } from '../../../lib/config/parse.ts';
import { chapters } from '../../../lib/door.ts';
import { json, writeAtomic } from '../../../lib/files/write.ts';
import { oneOf, optional, step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { leaderboardPage } from '../page.ts';
import { partOf, rankTrials, readTrial, rungsOf, trialPath, trialsOf } from '../search.ts';
import { tuneSection } from '../settings.ts';
import { checkSpace } from '../space.ts';

step(
  { chapters, args: { RUNG: optional, APPLY: oneOf('APPLY', ['yes']) } },
  async (project, { RUNG, APPLY }) => {
    const tuning = sectionOf(project.config, tuneSection);
    const { paths, project_name } = project.config;
    if (RUNG !== undefined) {
      const rung = Number(RUNG);
      checkSpace(tuning.space, project.config.model_params);
      const part = partOf(rung, rungsOf(tuning));
      console.log(
        trialsOf(project, rung)
          .map((trial) => trialPath(project, trial, part))
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
    if (APPLY === undefined) {
      say('', 'make tune APPLY=yes writes the best into the config');
      return;
    }
    const changes = Object.fromEntries(
      Object.entries(best.params).map(([name, value]) => [`model_params.${name}`, value as string | number]),
    );
    writeSettings(project, changes);
    say('config', settings.join(' · '), 'make train trains with them');
  },
);
