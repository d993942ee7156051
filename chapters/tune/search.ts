/** A search as files: which trials a rung has, and which of them is best. */
import { existsSync } from 'node:fs';
import { sectionOf } from '../../lib/config/parse.ts';
import { badInput } from '../../lib/fault.ts';
import { readIfThere } from '../../lib/files/write.ts';
import type { Project } from '../../lib/project.ts';
import { tuneSection } from './settings.ts';
import type { TunedParams } from './space.ts';

/** The content of a trial's file: nothing that differs between two runs of it. */
export interface Trial {
  readonly trial: number;
  /** 1 for all rows, 3 for a third of them, 9 for a ninth … */
  readonly part: number;
  readonly rows: number;
  readonly params: TunedParams;
  /** By fold. */
  readonly values: readonly number[];
  readonly mean: number;
  readonly deviation: number;
}

/** Random search has one rung. Successive halving keeps one of three trials from rung to rung, on three times the rows. */
const KEPT = 3;

export function rungsOf({ method, trials }: { method: 'random' | 'halving'; trials: number }): number {
  return method === 'random' ? 1 : Math.max(1, Math.floor(Math.log(trials) / Math.log(KEPT)) + 1);
}

/** Which part of the rows a rung sees, from 1: the last sees all. */
export function partOf(rung: number, rungs: number): number {
  return KEPT ** (rungs - rung);
}

export function trialPath(project: Project, trial: number, part: number): string {
  const name = `trial-${String(trial).padStart(4, '0')}-${part}.json`;
  return project.path(project.config.paths.reports, 'tuning', name);
}

export function readTrial(project: Project, trial: number, part: number): Trial {
  const path = trialPath(project, trial, part);
  const text = readIfThere(path);
  if (text === undefined) throw badInput(`${path}  is missing: make tune makes it`);
  return JSON.parse(text) as Trial;
}

/** Trials of a rung: all at first, then the best third of the rung before. The config as it is, trial 0, stays to the end. */
export function trialsOf(project: Project, rung: number): number[] {
  const tuning = sectionOf(project.config, tuneSection);
  if (rung === 1) return Array.from({ length: tuning.trials + 1 }, (_, i) => i);
  const part = partOf(rung - 1, rungsOf(tuning));
  const before = rankTrials(
    project,
    trialsOf(project, rung - 1).map((trial) => readTrial(project, trial, part)),
  );
  const kept = before.slice(0, Math.max(1, Math.ceil((before.length - 1) / KEPT))).map(({ trial }) => trial);
  return [...new Set([0, ...kept])].sort((a, b) => a - b);
}

/** Best first; of equal ones the earlier. */
export function rankTrials(project: Project, trials: readonly Trial[]): Trial[] {
  const sign = sectionOf(project.config, tuneSection).metric === 'log_loss' ? 1 : -1;
  return [...trials].sort((a, b) => sign * (a.mean - b.mean) || a.trial - b.trial);
}

/** How many of the trials have a file for a part of the rows. */
export function doneOf(project: Project, part: number, trials: readonly number[]): number {
  return trials.filter((trial) => existsSync(trialPath(project, trial, part))).length;
}
