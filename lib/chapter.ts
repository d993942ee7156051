/** What a chapter may hand to the core. */
import type { Signal } from './config/schema.ts';
import type { Block } from './page/blocks.ts';
import type { Html } from './page/page.ts';
import type { RowJudge } from './predict/predict.ts';
import type { Addition, Project } from './project.ts';
import type { Stream } from './record/stream.ts';
import type { AuditCheck } from './registry/audit.ts';
import type { DataJudge } from './registry/data-versions.ts';
import type { LoadedVersion } from './registry/load.ts';
import type { Keep } from './registry/tried.ts';
import type { Companion } from './serve/companion.ts';
import type { Figure } from './serve/metrics.ts';
import type { Route, ServerParts } from './serve/route.ts';
import type { StatusPart } from './serve/status.ts';
import type { TrainingChange } from './train/build.ts';
import type { Admission } from './watch/join.ts';
import type { MonitorReport } from './watch/monitor.ts';
import type { Vigil } from './watch/vigil.ts';
import type { Window } from './watch/window.ts';

/** Nothing is loaded before it is asked for, so that no program pays for what it does not use. */
export interface Chapter extends Addition {
  /** Variables and settings of products that its makefile depends on. */
  make?(project: Project): {
    readonly variables: Readonly<Record<string, string>>;
    readonly settings: Readonly<Record<string, unknown>>;
  };
  /** What it may change of training, and the file that does it: an edit of that one trains again. */
  readonly training?: { readonly file: string; load(): Promise<TrainingChange> };
  /** Keeps what trainings tried and what came of it. */
  readonly tried?: Keep;
  readonly audit?: AuditCheck;
  readonly status?: StatusPart;
  routes?(project: Project): Promise<(parts: ServerParts) => readonly Route[]>;
  /** A process beside the server, for as long as it runs. */
  beside?(project: Project): Promise<Companion>;
  /** What it adds to /metrics. */
  figures?(project: Project): readonly Figure[];
  /** Signals that it knows of, for the rules of alerts; null where it does not know. */
  signals?(project: Project): Promise<Partial<Record<Signal, number | null>>>;
  /** Looks at each monitoring: facts for its report, a part of its page, lines for the terminal. */
  monitored?(project: Project, seen: Monitored): Promise<MonitoredPart>;
  /** Makes the raw file where data.source has the chapter's name. */
  readonly source?: { load(): Promise<RawSource> };
  /** Judges the files of a data version before it is made. */
  readonly data?: { load(): Promise<DataJudge> };
  /** Judges the rows of requests before they are answered; undefined where nothing is asked of them. */
  rows?(project: Project): Promise<RowJudge | undefined>;
  /** Guards what is learnt from production. */
  readonly guard?: { load(): Promise<Guard> };
  /** A part of the report on a version. */
  report?(project: Project, loaded: LoadedVersion): Promise<readonly Block[]>;
}

/** Makes the raw file, says so and puts it on record; one that is there already must be the same. */
export type RawSource = (project: Project) => Promise<void>;

export interface Guard {
  /** Which of what was taught may join training, by what the champion is sure of and what is known of senders. */
  admit(project: Project, champion: LoadedVersion, accept: string | undefined): Admission;
  /** Why a challenger may not go live, by what traffic cannot have written; undefined where it may. */
  object(project: Project, champion: LoadedVersion, challenger: LoadedVersion): string | undefined;
}

export interface Monitored {
  readonly report: MonitorReport;
  readonly loaded: LoadedVersion;
  readonly window: Window;
  readonly stream: Stream;
  /** When the last label came. */
  readonly lastLabel: string | null;
  /** What rings, after this look. */
  readonly vigil: Vigil;
  /** Of chapters. */
  readonly signals: Partial<Record<Signal, number | null>>;
}

export interface MonitoredPart {
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly page?: Html;
  readonly said?: readonly (readonly [step: string, line: string])[];
}
