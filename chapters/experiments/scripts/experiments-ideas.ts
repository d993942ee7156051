/** Names, for make, what of a file of ideas is still to be tried; or with DONE says what came of it. */
import { chapters, handedIn } from '../../../lib/door.ts';
import { failed } from '../../../lib/fault.ts';
import { json, writeAtomic } from '../../../lib/files/write.ts';
import { optional, required, step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { formatMany } from '../../../lib/words.ts';
import { configOf, readIdeas } from '../ideas.ts';
import { idOf, readRuns } from '../run.ts';
import { aboutIdea, trainingCode, trainingData } from '../try-idea.ts';

step(
  { chapters, args: { FILE: required('which ideas? make experiment FILE=ideas.yaml'), DONE: optional } },
  async (project, { FILE, DONE }) => {
    const training = handedIn('training');
    const changes = await Promise.all(training.map(({ load }) => load()));
    const code = trainingCode(training.map(({ file }) => file));
    const { sha256 } = trainingData(project);
    const sections = chapters.flatMap(({ section }) => section ?? []);
    const ideas = new Map(
      readIdeas(FILE).map((idea) => {
        const config = configOf(project.text, FILE, idea, sections);
        return [idOf(aboutIdea(project, config, idea.name, changes, code, sha256)), idea] as const;
      }),
    );
    const known = new Map(readRuns(project).runs.map((run) => [run.id, run]));
    if (DONE === undefined) {
      const left = [...ideas].filter(
        ([id]) => known.get(id) === undefined || known.get(id)!.error !== undefined,
      );
      for (const [id, idea] of left)
        writeAtomic(project.state('ideas', `${id}.json`), json({ file: FILE, ...idea }));
      console.log(left.map(([id]) => project.state('ideas', `${id}.tried`)).join(' '));
      return;
    }
    const runs = [...ideas.keys()].flatMap((id) => known.get(id) ?? []);
    const broken = runs.filter(({ error }) => error !== undefined);
    say(
      'experiment',
      `${formatMany(ideas.size, 'idea')} of ${FILE}: ${runs.length - broken.length} tried, ${broken.length} failed`,
    );
    for (const { id, name, error } of broken.slice(0, 5)) say('', `${id} ${name ?? ''}: ${error}`);
    say('', 'make experiments lists them beside the others');
    if (broken.length > 0 || runs.length < ideas.size)
      throw failed(
        `${ideas.size - runs.length + broken.length} of ${ideas.size} ideas came to nothing: make experiment tries them again`,
      );
  },
);
