/** The models that answer now, and the pointers that they follow. */
import type { Project } from '../project.ts';
import { refuseUnfit, refuseUnproven } from '../registry/gate.ts';
import { loadVersion } from '../registry/load.ts';
import { pointersStamp, readPointers, resolveVersion } from '../registry/pointer-files.ts';
import { chooseVersion, describeWeights, type Weights, weightsOf } from '../registry/split.ts';
import { listVersions } from '../registry/versions.ts';
import { type ServedModel, serveModel } from './served-model.ts';

/** Who answers at one moment; requests in flight keep theirs. */
export interface Lineup {
  /** What deployment.model names. */
  readonly model: ServedModel;
  /** Those that answer beside it. */
  readonly others: readonly ServedModel[];
  /** Undefined while the model answers alone. */
  readonly split: { readonly weights: Weights; readonly text: string; readonly salt: string } | undefined;
  /** The model that answers a key. */
  choose(key: string): ServedModel;
}

export interface Refusal {
  readonly version: string;
  readonly problem: string;
}

export interface Fleet {
  current(): Lineup;
  /** Versions that should answer and were refused. */
  refused(): readonly Refusal[];
  /**
   * Looks at the pointers; loads and checks new models aside before they take over. True if anything changed. `again`
   * looks even where no pointer moved, so that a refused version that was mended is tried once more.
   */
  follow(again?: boolean): boolean;
}

export function lineupOf(
  model: ServedModel,
  others: readonly (readonly [ServedModel, number])[],
  salt: string,
): Lineup {
  if (others.length === 0) return { model, others: [], split: undefined, choose: () => model };
  const weights = weightsOf(
    model.version,
    Object.fromEntries(others.map(([{ version }, percent]) => [version, percent])),
  );
  const models = new Map([model, ...others.map(([other]) => other)].map((each) => [each.version, each]));
  return {
    model,
    others: others.map(([other]) => other),
    split: { weights, text: describeWeights(weights), salt },
    choose: (key) => models.get(chooseVersion(key, salt, weights))!,
  };
}

/** Loads what deployment.model and the traffic name and follows it. Fails when the model cannot be loaded at first. */
export function followFleet(
  project: Project,
  onChange: (now: Lineup, before: Lineup) => void,
  onRefusal: (refusal: Refusal, now: Lineup) => void,
): Fleet {
  const { model: name, threshold, traffic } = project.config.deployment;
  const loaded = new Map<string, ServedModel>();
  const load = (version: string) => {
    const there = loaded.get(version);
    if (there !== undefined) return there;
    const whole = loadVersion(project, version);
    const model = serveModel(whole, threshold, new Date().toISOString());
    loaded.set(version, model);
    return model;
  };
  let refusals: Refusal[] = [];
  /** A version that nobody named for the model itself must not fail the gate. */
  const tryLoad = (version: string, mustPass: boolean): ServedModel | undefined => {
    try {
      const model = load(version);
      if (mustPass) refuseUnfit(project.config, model.loaded);
      return model;
    } catch (error) {
      refusals.push({ version, problem: (error as Error).message });
      return undefined;
    }
  };
  const lineup = (model: ServedModel): Lineup => {
    const { split } = readPointers(project).traffic ?? traffic;
    const others = Object.entries(split)
      .filter(([version]) => version !== model.version)
      .flatMap(([version, percent]) => {
        const other = tryLoad(version, true);
        return other === undefined ? [] : [[other, percent] as const];
      });
    return lineupOf(model, others, traffic.salt);
  };
  const forgetOthers = ({ model, split }: Lineup) => {
    const kept = new Set([model.version, ...(split?.weights.map(([version]) => version) ?? [])]);
    for (const version of loaded.keys()) if (!kept.has(version)) loaded.delete(version);
  };

  // latest moves with every registration, the others with a pointer.
  const stamp = () => `${pointersStamp(project)} ${name === 'latest' ? listVersions(project).length : ''}`;

  let seen = stamp();
  const first = load(resolveVersion(project, name));
  if (name === 'latest') refuseUnproven(project, first.loaded);
  let current = lineup(first);
  return {
    current: () => current,
    refused: () => refusals,
    follow(again = false) {
      const now = stamp();
      if (now === seen && !again) return false;
      seen = now;
      const before = current;
      const known = new Set(refusals.map(({ version }) => version));
      refusals = [];
      let version = name;
      try {
        version = resolveVersion(project, name);
        current = lineup(tryLoad(version, name === 'latest') ?? before.model);
      } catch (error) {
        refusals.push({ version, problem: (error as Error).message });
      }
      forgetOthers(current);
      for (const refusal of refusals) if (!known.has(refusal.version)) onRefusal(refusal, current);
      if (current.model === before.model && current.split?.text === before.split?.text) return false;
      onChange(current, before);
      return true;
    },
  };
}
