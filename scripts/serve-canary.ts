/** Shares the traffic among versions: a share for one (VERSION, WEIGHT), or for several at once (SPLIT). */
import { chapters } from '../lib/door.ts';
import { badInput } from '../lib/fault.ts';
import type { Project } from '../lib/project.ts';
import { setTraffic } from '../lib/registry/moves.ts';
import { readPointers, resolveVersion } from '../lib/registry/pointer-files.ts';
import { parseTraffic, sayTraffic, type Traffic, withoutVersion } from '../lib/registry/pointers.ts';
import { trafficFollowed } from '../lib/serve/client.ts';
import { optional, step, text } from '../lib/step.ts';
import { say } from '../lib/terminal.ts';

step(
  { chapters, args: { VERSION: optional, WEIGHT: optional, SPLIT: optional, REASON: text('make canary') } },
  async (project, { VERSION, WEIGHT, SPLIT, REASON }) => {
    const choose = SPLIT === undefined ? shareOf(project, VERSION, WEIGHT) : splitOf(SPLIT);
    const { before, after } = setTraffic(project, REASON, choose);
    if (sayTraffic(before) === sayTraffic(after)) {
      say('canary', `traffic is as it was: ${sayTraffic(after)}`);
      return;
    }
    const followed = await trafficFollowed(project, after);
    say('canary', `${sayTraffic(after)} (was ${sayTraffic(before)})${followed}`);
  },
);

function splitOf(text: string): (now: Traffic) => Traffic {
  const { split } = parseTraffic(text);
  return (now) => ({ ...now, split });
}

function shareOf(
  project: Project,
  name: string | undefined,
  percent: string | undefined,
): (now: Traffic) => Traffic {
  if (name === undefined)
    throw badInput(
      'which version? make canary VERSION=v3 WEIGHT=10, or SPLIT="v2=20 v3=10", or VERSION=none',
    );
  if (name === 'none') return (now) => ({ ...now, split: {} });
  const version = resolveVersion(project, name);
  if (percent === undefined || !/^\d+(\.\d+)?$/.test(percent))
    throw badInput(
      `what share? WEIGHT=${percent ?? '…'} is no percentage: make canary VERSION=${version} WEIGHT=10`,
    );
  if (Number(percent) === 0)
    return (now) => {
      if (now.split[version] === undefined) throw badInput(`${version} has no share of the traffic`);
      return { ...now, split: withoutVersion(now, version).split };
    };
  if (version === readPointers(project).aliases.champion)
    throw badInput(`${version} is champion: it has what the canary leaves`);
  return (now) => ({ ...now, split: { [version]: Number(percent) } });
}
