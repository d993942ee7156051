/**
 * What points at versions: aliases, stages, and who gets which share of the traffic. Values in, values out. Every move is a
 * line of the deployment log, and replaying the lines gives the pointers again.
 */
import { ALIAS, VERSION } from '../config/values.ts';
import { badInput, failed } from '../fault.ts';

export const STAGES = ['None', 'Staging', 'Production', 'Archived'] as const;
export type Stage = (typeof STAGES)[number];

/** Versions beside the model that deployment.model names. */
export interface Traffic {
  /** Percent of the requests by version; the rest goes to the model. */
  readonly split: Readonly<Record<string, number>>;
  /** Versions that score a copy of every request; their answers are logged and never given. */
  readonly shadow: readonly string[];
}

export interface Pointers {
  readonly aliases: Readonly<Record<string, string>>;
  /** A version that is not named is in stage None. */
  readonly stages: Readonly<Record<string, Stage>>;
  /** Undefined until something moved it: then config decides. */
  readonly traffic: Traffic | undefined;
}

export type Move =
  | { readonly event: 'promotion'; readonly version: string }
  | { readonly event: 'rollback'; readonly version: string }
  | { readonly event: 'alias'; readonly name: string; readonly version: string | undefined }
  | { readonly event: 'stage'; readonly version: string; readonly stage: Stage }
  | { readonly event: 'traffic'; readonly traffic: Traffic };

export const NO_POINTERS: Pointers = { aliases: {}, stages: {}, traffic: undefined };
export const NO_TRAFFIC: Traffic = { split: {}, shadow: [] };

/** Where a name points; names are people's, so only the object's own count. */
export function aliasOf({ aliases }: Pointers, name: string): string | undefined {
  return Object.hasOwn(aliases, name) ? aliases[name] : undefined;
}

export function stageOf({ stages }: Pointers, version: string): Stage {
  return stages[version] ?? 'None';
}

/** The pointers after a move. A move that would leave something live without its version fails. */
export function applyMove(pointers: Pointers, move: Move): Pointers {
  const { aliases, stages, traffic } = pointers;
  if (move.event === 'promotion' || move.event === 'rollback') {
    const { champion } = aliases;
    const { previous: _, ...others } = aliases;
    // After a rollback there is no way back to what was rolled back from, unless somebody promotes it again.
    const before =
      champion === undefined || champion === move.version
        ? aliases
        : move.event === 'rollback'
          ? others
          : { ...others, previous: champion };
    return {
      aliases: { ...before, champion: move.version },
      stages: {
        ...stages,
        ...(champion === undefined ? {} : { [champion]: 'Staging' as const }),
        [move.version]: 'Production',
      },
      traffic: traffic && withoutVersion(traffic, move.version),
    };
  }
  if (move.event === 'alias') {
    const { [move.name]: _, ...others } = aliases;
    return {
      ...pointers,
      aliases: move.version === undefined ? others : { ...others, [move.name]: move.version },
    };
  }
  if (move.event === 'stage') {
    if (move.stage === 'Archived') refuseIfUsed(pointers, move.version);
    return { ...pointers, stages: { ...stages, [move.version]: move.stage } };
  }
  return { ...pointers, traffic: move.traffic };
}

/** "champion: v1 -> v2", "stage of v2: None -> Staging", "traffic: none -> v3=10". */
export function describeMove(pointers: Pointers, move: Move): string {
  const { aliases } = pointers;
  if (move.event === 'promotion' || move.event === 'rollback')
    return `champion: ${aliases.champion ?? 'none'} -> ${move.version}`;
  if (move.event === 'alias')
    return `${move.name}: ${aliasOf(pointers, move.name) ?? 'none'} -> ${move.version ?? 'none'}`;
  if (move.event === 'stage')
    return `stage of ${move.version}: ${stageOf(pointers, move.version)} -> ${move.stage}`;
  return `traffic: ${describeTraffic(pointers.traffic ?? NO_TRAFFIC)} -> ${describeTraffic(move.traffic)}`;
}

/** The move that a line of the deployment log records; undefined for lines that move nothing. */
export function parseMove(event: string, change: string): Move | undefined {
  const [, subject, to] = /^(.*): .* -> (.*)$/.exec(change) ?? [];
  if (subject === undefined || to === undefined) return undefined;
  if (event === 'promotion' || event === 'rollback') return { event, version: to };
  if (event === 'alias') return { event, name: subject, version: to === 'none' ? undefined : to };
  if (event === 'stage') return { event, version: subject.slice('stage of '.length), stage: to as Stage };
  if (event === 'traffic') return { event, traffic: parseTraffic(to) };
  return undefined;
}

/** The pointers that a history of moves leaves behind. */
export function replayMoves(moves: Iterable<Move>): Pointers {
  let pointers = NO_POINTERS;
  for (const move of moves) pointers = applyMove(pointers, move);
  return pointers;
}

/** "v2=20 v3=10 shadow:v4", or "none". */
export function describeTraffic({ split, shadow }: Traffic): string {
  const parts = [
    ...Object.entries(split).map(([version, percent]) => `${version}=${percent}`),
    ...shadow.map((version) => `shadow:${version}`),
  ];
  return parts.join(' ') || 'none';
}

/** "model 90 % · v3 10 % · v4 shadows" */
export function sayTraffic({ split, shadow }: Traffic): string {
  const shares = Object.entries(split).map(([version, percent]) => `${version} ${percent} %`);
  const rest = 100 - Object.values(split).reduce((sum, percent) => sum + percent, 0);
  const all = [rest === 100 ? 'the model answers alone' : `model ${rest} %`, ...shares];
  return [...all, ...shadow.map((version) => `${version} shadows`)].join(' · ');
}

/** Reads what describeTraffic writes; fails on anything else with exit code 2. */
export function parseTraffic(text: string): Traffic {
  const split: Record<string, number> = {};
  const shadow: string[] = [];
  for (const part of text.trim().split(/\s+/)) {
    if (part === 'none' || part === '') continue;
    const [, shadowed, version, percent] =
      /^(?:shadow:(v[1-9]\d*)|(v[1-9]\d*)=(\d+(?:\.\d+)?))$/.exec(part) ?? [];
    if (shadowed !== undefined) shadow.push(shadowed);
    else if (version !== undefined && split[version] !== undefined)
      throw badInput(`${version} has two shares of the traffic: ${text.trim()}`);
    else if (version !== undefined) split[version] = Number(percent);
    else throw badInput(`${JSON.stringify(part)} is no share of traffic: write v3=10, or none`);
  }
  return checkTraffic({ split, shadow });
}

export function checkTraffic(traffic: Traffic): Traffic {
  const percents = Object.values(traffic.split);
  if (new Set(traffic.shadow).size < traffic.shadow.length)
    throw badInput(`a version shadows twice: ${describeTraffic(traffic)}`);
  if (percents.some((percent) => !(percent > 0 && percent <= 100)))
    throw badInput('a share of traffic is above 0 and at most 100 percent');
  if (percents.reduce((sum, percent) => sum + percent, 0) > 100)
    throw badInput(`the shares of traffic add up to more than 100 percent: ${describeTraffic(traffic)}`);
  return traffic;
}

export function withoutVersion({ split, shadow }: Traffic, version: string): Traffic {
  return {
    split: Object.fromEntries(Object.entries(split).filter(([name]) => name !== version)),
    shadow: shadow.filter((name) => name !== version),
  };
}

/** What a version is used for; empty if nothing points at it. */
export function usesOf({ aliases, traffic }: Pointers, version: string): string[] {
  return [
    ...Object.keys(aliases).filter((name) => aliases[name] === version),
    ...(traffic?.split[version] === undefined ? [] : [`${traffic.split[version]} % of the traffic`]),
    ...(traffic?.shadow.includes(version) ? ['shadow'] : []),
  ];
}

function refuseIfUsed(pointers: Pointers, version: string): void {
  const uses = usesOf(pointers, version);
  if (uses.length > 0) throw failed(`${version} is in use (${uses.join(', ')}) and cannot be archived`);
}

/** Checks the name of an alias that a person sets; fails with exit code 2. */
export function checkAliasName(name: string): string {
  if (!ALIAS.test(name))
    throw badInput(`${JSON.stringify(name)} is no alias: small letters, digits and -, a letter first`);
  if (name === 'latest' || VERSION.test(name))
    throw badInput(`${name} is reserved: latest is always the newest version, v1 always version 1`);
  if (name === 'champion') throw badInput('champion moves by make promote and make rollback');
  if (name === 'previous') throw badInput('previous follows champion');
  return name;
}
