/** Fills the online store with what is known now, or at a time; with FOREVER again whenever a source has grown. */
import { statSync } from 'node:fs';
import { sectionOf } from '../../../lib/config/parse.ts';
import { chapters } from '../../../lib/door.ts';
import { badInput } from '../../../lib/fault.ts';
import { sleep } from '../../../lib/serve/client.ts';
import { optional, step, time } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { formatCount, formatMany } from '../../../lib/words.ts';
import { materialize } from '../materialize.ts';
import { storePath } from '../serve.ts';
import { featuresSection } from '../settings.ts';
import { STORES } from '../store.ts';

const LOOK_MS = 500;

step(
  { chapters, lock: 'materialize', args: { AT: time('AT'), FOREVER: optional } },
  async (project, { AT, FOREVER }) => {
    const { online, sources } = sectionOf(project.config, featuresSection);
    if (online === 'none')
      throw badInput(`${project.configPath}  chapters.features.online is none: lmdb or redis`);
    const store = await STORES[online](storePath(project));
    let isOver = false;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => (isOver = true));
    const known = new Map<string, string>();
    const stamp = () =>
      Object.values(sources)
        .map(({ path }) => {
          const { size, mtimeMs } = statSync(project.path(path), { throwIfNoEntry: false }) ?? {
            size: 0,
            mtimeMs: 0,
          };
          return `${size} ${mtimeMs}`;
        })
        .join();
    try {
      for (let before = ''; !isOver; ) {
        const now = stamp();
        if (now !== before) {
          const { entities, changed } = await materialize(project, store, AT ?? Date.now(), known);
          say(
            'materialize',
            `${formatMany(entities, 'entity', 'entities')} in ${online}, ${formatCount(changed)} changed`,
          );
          before = now;
        }
        if (FOREVER === undefined) break;
        await sleep(LOOK_MS);
      }
    } finally {
      await store.close();
    }
  },
);
