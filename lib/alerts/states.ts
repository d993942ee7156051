/** How the alert rules stand between runs. */
import type { Project } from '../config/load.ts';
import { readIfThere } from '../files/write.ts';
import type { RuleState } from './rules.ts';

export function statesPath(project: Project): string {
  return project.path(project.config.paths.models, 'alerts.json');
}

export function readStates(project: Project): Record<string, RuleState> {
  const text = readIfThere(statesPath(project));
  return text === undefined ? {} : (JSON.parse(text) as Record<string, RuleState>);
}

/** Names of the rules that fire now. */
export function firingRules(project: Project): string[] {
  return Object.entries(readStates(project)).flatMap(([rule, { firing }]) => (firing ? [rule] : []));
}
