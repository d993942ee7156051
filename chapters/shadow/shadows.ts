/** A process for each shadowing version, started and ended as the registry says; no request waits for one. */
import { programPath } from '../../lib/files/program.ts';
import type { Project } from '../../lib/project.ts';
import { pointersStamp, readPointers } from '../../lib/registry/pointer-files.ts';
import { type Companion, runBeside } from '../../lib/serve/companion.ts';

export function superviseShadows(project: Project): Companion {
  const { traffic, poll_ms } = project.config.deployment;
  const running = new Map<string, Companion>();
  let seen: string | undefined;

  const follow = () => {
    const now = pointersStamp(project);
    if (now === seen) return;
    seen = now;
    let wanted: Set<string>;
    try {
      wanted = new Set((readPointers(project).traffic ?? traffic).shadow);
    } catch {
      return;
    }
    for (const [version, shadow] of running) {
      if (wanted.has(version)) continue;
      void shadow.stop();
      running.delete(version);
    }
    for (const version of wanted) {
      if (running.has(version)) continue;
      running.set(
        version,
        runBeside(programPath('shadow-version'), { VERSION: version }, `the shadow ${version}`),
      );
    }
  };
  follow();
  const poll = setInterval(follow, poll_ms);
  poll.unref();
  return {
    async stop() {
      clearInterval(poll);
      await Promise.all([...running.values()].map((shadow) => shadow.stop()));
    },
  };
}
