/** Fills the online store with what is known now, or was at a time; with FOREVER also with what comes to a source from then on. */
import { sectionOf } from '../../../lib/config/parse.ts';
import { chapters } from '../../../lib/door.ts';
import { badInput } from '../../../lib/fault.ts';
import { withLockHeld } from '../../../lib/files/lock.ts';
import { logEvent } from '../../../lib/serve/application-log.ts';
import { sleep } from '../../../lib/serve/client.ts';
import { optional, step, time } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { formatCount, formatMany } from '../../../lib/words.ts';
import { type Materialized, openMaterializer } from '../materialize.ts';
import { storePath } from '../serve.ts';
import { featuresSection } from '../settings.ts';
import { STORES } from '../store.ts';

const LOOK_MS = 500;
const PATIENCE_MS = 60_000;

step({ chapters, args: { AT: time('AT'), FOREVER: optional } }, async (project, { AT, FOREVER }) => {
  const { online } = sectionOf(project.config, featuresSection);
  if (online === 'none')
    throw badInput(`${project.configPath}  chapters.features.online is none: lmdb or redis`);
  if (AT !== undefined && FOREVER !== undefined)
    throw badInput('AT is a time that was, and FOREVER goes on from now: one of them');
  const store = await STORES[online](storePath(project));
  const materializer = openMaterializer(project, store);
  const put = async (work: () => Promise<Materialized>) => {
    const lock = project.path(project.config.paths.models, '.materialize.lock');
    const { entities, changed } = await withLockHeld(lock, work, PATIENCE_MS);
    say(
      'materialize',
      `${formatMany(entities, 'entity', 'entities')} in ${online}, ${formatCount(changed)} changed`,
    );
  };
  try {
    if (FOREVER === undefined) return await put(() => materializer.all(AT));
    let isOver = false;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => (isOver = true));
    const parent = process.ppid;
    let trouble = '';
    for (; !isOver && process.ppid === parent; await sleep(LOOK_MS)) {
      try {
        if (await materializer.isBehind()) await put(materializer.more);
        trouble = '';
      } catch (error) {
        // A source that is gone, a row that is wrong or a store that is away may be there again: what is known stays served.
        const { message } = error as Error;
        if (message !== trouble) logEvent('error', 'features could not be put', { problem: message });
        trouble = message;
      }
    }
  } finally {
    await store.close();
  }
});
