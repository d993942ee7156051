/** alerts: what fires when a signal is beyond its limit, on record and sent to a webhook. */
import { join } from 'node:path';
import type { Chapter } from '../../lib/chapter.ts';
import { jsonLedger } from '../../lib/files/ledger.ts';
import { alertsSection } from './settings.ts';
import { firingRules, stateProblems } from './states.ts';

export const chapter: Chapter = {
  section: alertsSection,
  ledgers: ({ paths }) => [{ name: 'alerts', path: join(paths.models, 'alerts.jsonl'), format: jsonLedger }],
  audit: stateProblems,
  status: {
    alarms: (project) =>
      firingRules(project).map((rule) => `the alert "${rule}" is firing (models/alerts.jsonl)`),
  },
  monitored: async (project, seen) => (await import('./record.ts')).raiseAlerts(project, seen),
};
