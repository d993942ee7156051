/** What a room or a chapter shows of itself on a page about the server. */
import type { Html } from '../page/page.ts';
import type { Project } from '../project.ts';

/** A card, alarms, or both. */
export interface StatusPart {
  card?(project: Project): Card;
  alarms?(project: Project): readonly string[];
}

export interface Card {
  /** Of the element that renews itself. */
  readonly id: string;
  readonly title: string;
  readonly body: Html | string;
}
