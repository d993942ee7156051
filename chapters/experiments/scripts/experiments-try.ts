/** Tries one idea, as make experiment names it; what fails is kept as a run that failed, and the others go on. */
import { readFileSync } from 'node:fs';
import { chapters, handedIn } from '../../../lib/door.ts';
import { badInput } from '../../../lib/fault.ts';
import { withLockHeld } from '../../../lib/files/lock.ts';
import { writeAtomic } from '../../../lib/files/write.ts';
import { required, step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { configOf, type Idea } from '../ideas.ts';
import { writeRun } from '../keep.ts';
import { readRuns, runPath } from '../run.ts';
import { trainingCode, tryIdea } from '../try-idea.ts';

step(
  { chapters, args: { IDEA: required('which idea? make experiment FILE=ideas.yaml') } },
  async (project, { IDEA }) => {
    if (!/^[0-9a-f]{12}$/.test(IDEA)) throw badInput(`IDEA=${IDEA} is none that make experiment named`);
    const idea = JSON.parse(readFileSync(project.state('ideas', `${IDEA}.json`), 'utf8')) as Idea & {
      file: string;
    };
    const sections = chapters.flatMap(({ section }) => section ?? []);
    const config = configOf(project.text, idea.file, idea, sections);
    const training = handedIn('training');
    const changes = await Promise.all(training.map(({ load }) => load()));
    const code = trainingCode(training.map(({ file }) => file));
    try {
      // Who finds somebody else trying it waits, and finds it tried.
      const tryIt = async () => {
        const now = readRuns(project).runs.find(({ id }) => id === IDEA);
        if (now !== undefined && now.error === undefined)
          return say('idea', `${IDEA}  ${idea.name}: somebody else has tried it meanwhile`);
        await tryIdea(project, config, idea.name, {
          changes,
          code,
          keep: (of, tried) => {
            const { id, metrics } = writeRun(of, tried);
            const [name, figures] = Object.entries(metrics).find(([metric]) => metric === 'pr_auc') ?? [];
            if (figures !== undefined)
              say(
                'idea',
                `${id}  ${idea.name}   ${name} ${figures[0].toFixed(3)} [${figures[1].toFixed(3)} – ${figures[2].toFixed(3)}]`,
              );
          },
        });
      };
      await withLockHeld(`${runPath(project, IDEA)}.lock`, tryIt, Number.POSITIVE_INFINITY);
    } catch (error) {
      say('idea', `${IDEA}  ${idea.name} failed: ${(error as Error).message}`);
    }
    writeAtomic(project.state('ideas', `${IDEA}.tried`), '');
  },
);
