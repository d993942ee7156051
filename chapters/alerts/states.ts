/** How the alert rules stand between runs. */
import * as v from 'valibot';
import { parseFile } from '../../lib/files/json-file.ts';
import { jsonLedger } from '../../lib/files/ledger.ts';
import { soundLines } from '../../lib/files/ledger-reader.ts';
import { readIfThere } from '../../lib/files/write.ts';
import type { Project } from '../../lib/project.ts';
import type { AlertChange, RuleState } from './rules.ts';

export function statesPath(project: Project): string {
  return project.path(project.config.paths.models, 'alerts.json');
}

const statesSchema = v.record(
  v.string(),
  v.strictObject({
    beyond_since: v.nullable(v.pipe(v.string(), v.isoTimestamp())),
    firing: v.boolean(),
  }),
);

export function readStates(project: Project): Record<string, RuleState> {
  const path = statesPath(project);
  const text = readIfThere(path);
  return text === undefined ? {} : parseFile(path, text, statesSchema);
}

/** Names of the rules that fire now. */
export function firingRules(project: Project): string[] {
  return Object.entries(readStates(project)).flatMap(([rule, { firing }]) => (firing ? [rule] : []));
}

/** The ledger of alerts. */
export function alertLedger(project: Project) {
  const path = project.path(project.config.paths.models, 'alerts.jsonl');
  return { path, format: jsonLedger };
}

/** Changes of state, oldest first. */
export function readChanges(project: Project): AlertChange[] {
  const { path, format } = alertLedger(project);
  return soundLines(path, format).map(({ body }) => JSON.parse(body) as AlertChange);
}

/** A rule that fires fired last in the ledger, and since then; one that does not fire did not; none is missing. */
export function stateProblems(project: Project): string[] {
  const last = new Map(readChanges(project).map((change) => [change.rule, change]));
  const states = Object.entries(readStates(project));
  const wrong = states.find(([rule, { firing, beyond_since }]) => {
    const change = last.get(rule);
    return firing !== (change?.state === 'firing') || (firing && beyond_since !== change?.since);
  });
  const said = new Set(states.map(([rule]) => rule));
  const lost = [...last.values()].find(({ rule, state }) => state === 'firing' && !said.has(rule));
  const rule = wrong?.[0] ?? lost?.rule;
  return rule === undefined
    ? []
    : [`${statesPath(project)} does not say of "${rule}" what alerts.jsonl says`];
}
