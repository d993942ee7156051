/** labels.csv: the truth of predictions, when it arrives. Appended in one write per batch, so writers do not mix. */
import { closeSync, existsSync, fstatSync, ftruncateSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Project } from '../config/load.ts';
import { readTable } from '../files/csv.ts';
import { withLock } from '../files/lock.ts';
import { writeFully } from '../files/write.ts';

export const PREDICTION_ID = /^[0-9a-f]{20}$/;

export interface Label {
  readonly id: string;
  readonly label: string;
}

export function labelsPath(project: Project): string {
  return project.path(project.config.data.production_dir, 'labels.csv');
}

export function appendLabels(path: string, labels: readonly Label[], time: string): void {
  mkdirSync(dirname(path), { recursive: true });
  withLock(`${path}.lock`, 10_000, () => {
    const fd = openSync(path, 'a');
    const { size } = fstatSync(fd);
    try {
      const header = size === 0 ? 'id,label,time\n' : '';
      writeFully(
        fd,
        Buffer.from(header + labels.map(({ id, label }) => `${id},${label},${time}\n`).join('')),
      );
    } catch (error) {
      ftruncateSync(fd, size);
      throw error;
    } finally {
      closeSync(fd);
    }
  });
}

/** Label by prediction id; the last one said counts. */
export function readLabels(project: Project): Map<string, string> {
  const path = labelsPath(project);
  if (!existsSync(path)) return new Map();
  return new Map(readTable(path).map(({ id, label }) => [id!, label!]));
}
