/** What a training tried, what it took and what came of it, whether or not a version came of it: chapters may keep it. */
import type { MetricName } from '../config/schema.ts';
import type { Dataset } from '../data/dataset.ts';
import { type Commit, currentCommit } from '../files/git.ts';
import type { Estimate } from '../numbers/estimate.ts';
import type { Project } from '../project.ts';
import type { Version } from '../train/build.ts';

export interface Tried {
  /** make train, a retraining, a trial of a search, or an idea that was only tried. */
  readonly kind: 'train' | 'retrain' | 'trial' | 'idea';
  /** What a trial or an idea is called. */
  readonly name?: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly data: { readonly version: string; readonly sha256: string; readonly rows: number };
  /** sha256 of every program file that ran. */
  readonly code: Readonly<Record<string, string>>;
  readonly git: Commit;
  readonly began: string;
  readonly spent: Spent;
  readonly outcome: Outcome | { readonly error: string };
}

export interface Outcome {
  readonly metrics: Readonly<Partial<Record<MetricName, Estimate>>>;
  readonly log_loss?: number;
  /** Of a trial: its metric on each fold, and what else must be the same for the folds to be. */
  readonly folds?: { readonly metric: string; readonly values: readonly number[]; readonly basis: string };
  /** Of the model. */
  readonly bytes?: number;
  /** The content of validation.csv. */
  readonly validation?: string;
  readonly built?: Version;
  readonly later?: Dataset | undefined;
  /** Where it was registered. */
  readonly version?: string;
}

export interface Spent {
  readonly seconds: number;
  /** Of all threads. */
  readonly cpu_seconds: number;
  /** The most memory at a time. */
  readonly megabytes: number;
}

/** What is kept of a version that was built. */
export function outcomeOf(
  built: Version,
  files: Readonly<Record<string, string>>,
  later: Dataset | undefined,
): Outcome {
  const { metrics, log_loss } = built.metrics;
  const bytes = Buffer.byteLength(files['model.json']!);
  return { metrics, log_loss, bytes, validation: files['validation.csv']!, built, later };
}

export type Keep = (project: Project, tried: Tried) => void | Promise<void>;

/** Tries something, and hands on what came of it; what it throws is thrown again afterwards. */
export async function tryOut<T>(
  project: Project,
  about: Omit<Tried, 'git' | 'began' | 'spent' | 'outcome'>,
  keep: readonly Keep[],
  work: () => Promise<{ readonly result: T; readonly outcome: Outcome }>,
): Promise<T> {
  const began = new Date().toISOString();
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  const tell = async (outcome: Tried['outcome']) => {
    const { user, system } = process.cpuUsage(cpu);
    const spent = {
      seconds: (performance.now() - start) / 1000,
      cpu_seconds: (user + system) / 1e6,
      megabytes: process.resourceUsage().maxRSS / 1024,
    };
    for (const each of keep)
      await each(project, { ...about, git: currentCommit(project.configPath), began, spent, outcome });
  };
  let done: Awaited<ReturnType<typeof work>>;
  try {
    done = await work();
  } catch (error) {
    await tell({ error: (error as Error).message });
    throw error;
  }
  await tell(done.outcome);
  return done.result;
}
