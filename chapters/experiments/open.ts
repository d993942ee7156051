/**
 * What was tried, for people who work interactively:
 *
 *     const runs = openRuns(registry.project.configPath);
 *     runs.list('algorithm=RandomForest pr_auc>.5', 'pr_auc');  // best first
 *     runs.changed(runs.find('v1'), runs.find('v2')).settings;   // and data, code, metrics with intervals
 */
import { loadProject, type Project } from '../../lib/project.ts';
import { changedBetween } from './changed.ts';
import { chapter } from './chapter.ts';
import { findRun, type Run, readRuns } from './run.ts';
import type { Changed } from './run-page.ts';
import { namesOf, parseWhere, sortRuns } from './where.ts';

export interface Runs {
  readonly project: Project;
  list(where?: string, sort?: string): Run[];
  find(name: string): Run;
  changed(before: Run, after: Run): Changed;
}

export function openRuns(configPath?: string): Runs {
  const project = loadProject([chapter], configPath);
  const all = () => readRuns(project).runs;
  return {
    project,
    list(where = '', sort = 'time') {
      const runs = all();
      const names = namesOf(runs);
      return sortRuns(runs.filter(parseWhere(where, names)), sort, names);
    },
    find: (name) => findRun(all(), name),
    changed: (before, after) => changedBetween(project, before, after),
  };
}
