/** Names, for make, what of a file of ideas is still to be tried; or with DONE says what came of it. */
import { chapters, handedIn } from '../../../lib/door.ts';
import { failed } from '../../../lib/fault.ts';
import { json, writeAtomic } from '../../../lib/files/write.ts';
import { optional, required, step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { formatMany } from '../../../lib/words.ts';
import { configOf, type Idea, readIdeas } from '../ideas.ts';
import { checkedSaid, noteRun } from '../keep.ts';
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
    const said = checkedSaid(process.env);
    const ideas = new Map<string, Idea>();
    const twice: string[] = [];
    for (const idea of readIdeas(FILE)) {
      const config = configOf(project.text, FILE, idea, sections);
      const id = idOf(aboutIdea(project, config, idea.name, changes, code, sha256));
      const same = ideas.get(id);
      if (same === undefined) ideas.set(id, idea);
      else twice.push(`"${idea.name}" is the same training as "${same.name}"`);
    }
    const known = new Map(readRuns(project).runs.map((run) => [run.id, run]));
    if (DONE === undefined) {
      const left = [...ideas].filter(
        ([id]) => known.get(id) === undefined || known.get(id)!.error !== undefined,
      );
      const before = [...ideas].flatMap(([id, { name }]) => {
        const run = known.get(id);
        return run === undefined || run.error !== undefined ? [] : [{ name, run }];
      });
      // What is printed is for make: this is for who watches.
      for (const line of twice) console.error(line);
      if (before.length > 0)
        console.error(
          `tried before: ${before.map(({ name, run }) => `"${name}" is ${run.version ?? run.id}`).join(', ')}`,
        );
      for (const { run } of before) if (Object.keys(said).length > 0) noteRun(project, run.id, said);
      for (const [id, idea] of left)
        writeAtomic(project.state('ideas', `${id}.json`), json({ file: FILE, ...idea }));
      console.log(left.map(([id]) => project.state('ideas', `${id}.tried`)).join(' '));
      return;
    }
    const runs = [...ideas.keys()].flatMap((id) => known.get(id) ?? []);
    const broken = runs.filter(({ error }) => error !== undefined);
    say(
      'experiment',
      `${formatMany(ideas.size, 'idea')} of ${FILE}: ${runs.length - broken.length} ${runs.length - broken.length === 1 ? 'has its run' : 'have their runs'}, ${broken.length} failed`,
    );
    for (const { id, name, error } of broken.slice(0, 5)) say('', `${id} ${name ?? ''}: ${error}`);
    say('', 'make experiments lists them beside the others');
    if (broken.length > 0 || runs.length < ideas.size)
      throw failed(
        `${ideas.size - runs.length + broken.length} of ${ideas.size} ideas came to nothing: make experiment tries them again`,
      );
  },
);
