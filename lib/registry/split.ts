/** Who answers: a pure function of a key, a salt and the weights, so that the log can be checked against it later. */
import { seedOf } from '../numbers/random.ts';

/** Percent by version; what they leave to 100 belongs to the first. */
export type Weights = readonly (readonly [version: string, percent: number])[];

/**
 * Weighted rendezvous hashing (Schindelhauer & Schomaker 2005, logarithmic method): each version draws −ln(u)/weight
 * with u from the key, and the least draw answers. A key stays with its version as long as no other version's weight
 * grows by a larger factor, whatever order the weights come in.
 */
export function chooseVersion(key: string, salt: string, weights: Weights): string {
  let chosen = weights[0]![0];
  let least = Number.POSITIVE_INFINITY;
  for (const [version, percent] of weights) {
    if (percent === 0) continue;
    const u = (seedOf(0, salt, version, key) + 0.5) / 2 ** 32;
    const draw = -Math.log(u) / percent;
    if (draw < least) {
      least = draw;
      chosen = version;
    }
  }
  return chosen;
}

/** Whether the version that a log line says answered is the one that its key, salt and split choose. */
export function isRoutedRight(line: {
  readonly model: string;
  readonly key?: string;
  readonly salt?: string;
  readonly split?: string;
  readonly instead_of?: string;
}): boolean {
  const { model, key, salt, split, instead_of } = line;
  if (key === undefined || salt === undefined || split === undefined) return true;
  return chooseVersion(key, salt, parseWeights(split)) === (instead_of ?? model);
}

/** The weights of a model and the versions beside it. */
export function weightsOf(model: string, split: Readonly<Record<string, number>>): Weights {
  const others = Object.entries(split).filter(([version]) => version !== model);
  const rest = 100 - others.reduce((sum, [, percent]) => sum + percent, 0);
  return [[model, rest], ...others];
}

/** "v1=90 v3=10" */
export function describeWeights(weights: Weights): string {
  return weights.map(([version, percent]) => `${version}=${percent}`).join(' ');
}

export function parseWeights(text: string): Weights {
  return text.split(' ').map((part) => {
    const [version, percent] = part.split('=');
    return [version!, Number(percent)] as const;
  });
}
