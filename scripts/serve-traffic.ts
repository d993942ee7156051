/** Shares the traffic among versions: canary VERSION PERCENT, shadow VERSION, split "v2=20 v3=10"; none ends it. */
import { parseArgs } from 'node:util';
import { openRegistry, type Registry } from '../lib/clockwork.ts';
import { badInput } from '../lib/fault.ts';
import {
  describeTraffic,
  NO_TRAFFIC,
  parseTraffic,
  type Traffic,
  withoutVersion,
} from '../lib/registry/pointers.ts';
import { followedWithin } from '../lib/serve/client.ts';
import { run, say } from '../lib/terminal.ts';

run(async () => {
  const { values, positionals } = parseArgs({
    options: { reason: { type: 'string' } },
    allowPositionals: true,
  });
  const [verb = '', what = '', percent = ''] = positionals;
  const registry = openRegistry();
  const choose = choiceOf(registry, verb, what, percent);
  const { before, after } = registry.route(choose, values.reason || `make ${verb}`);
  if (describeTraffic(before) === describeTraffic(after)) {
    say(verb, `traffic is as it was: ${sayTraffic(after)}`);
    return;
  }
  const followed = await followedWithin(registry.project, ({ traffic }) => isIn(after, traffic), 3000);
  say(verb, `${sayTraffic(after)} (was ${sayTraffic(before)})${followed}`);
});

function choiceOf(
  registry: Registry,
  verb: string,
  what: string,
  percent: string,
): (now: Traffic) => Traffic {
  if (verb === 'split') {
    if (what === '') throw badInput('which shares? make split SPLIT="v2=20 v3=10", or SPLIT=none');
    const { split } = parseTraffic(what);
    return (now) => ({ ...now, split });
  }
  if (what === '')
    throw badInput(
      `which version? make ${verb} VERSION=v3${verb === 'canary' ? ' WEIGHT=10' : ''}, or VERSION=none`,
    );
  const version = what === 'none' ? undefined : registry.resolve(what);
  if (verb === 'shadow') return (now) => ({ ...now, shadow: version === undefined ? [] : [version] });
  if (version === undefined) return (now) => ({ ...now, split: {} });
  if (!/^\d+(\.\d+)?$/.test(percent))
    throw badInput(
      `what share? WEIGHT=${percent || '…'} is no percentage: make canary VERSION=${version} WEIGHT=10`,
    );
  if (Number(percent) === 0) {
    const { split } = registry.pointers().traffic ?? NO_TRAFFIC;
    if (split[version] === undefined) throw badInput(`${version} has no share of the traffic`);
    return (now) => ({ ...now, split: withoutVersion(now, version).split });
  }
  if (version === registry.pointers().aliases.champion)
    throw badInput(`${version} is champion: it has what the canary leaves`);
  return (now) => ({ ...now, split: { [version]: Number(percent) } });
}

function sayTraffic({ split, shadow }: Traffic): string {
  const shares = Object.entries(split).map(([version, percent]) => `${version} ${percent} %`);
  const rest = 100 - Object.values(split).reduce((sum, percent) => sum + percent, 0);
  const all = [rest === 100 ? 'the model answers alone' : `model ${rest} %`, ...shares];
  return [...all, ...shadow.map((version) => `${version} shadows`)].join(' · ');
}

function isIn({ split }: Traffic, live: readonly { version: string; percent: number }[]): boolean {
  return (
    Object.entries(split).every(([version, percent]) =>
      live.some((each) => each.version === version && each.percent === percent),
    ) && live.length <= Object.keys(split).length + 1
  );
}
