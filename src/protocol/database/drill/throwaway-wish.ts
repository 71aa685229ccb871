import type { ProgramSite } from '../../../system/program-site.ts';

/** What a throw-away database is made from. */
export interface ThrowawayWish {
  /** The component whose dumps it gets. */
  readonly component: string;
  /** An empty folder for it, absolute, for us alone. */
  readonly folder: string;
  /** Where its programs are. */
  readonly site: ProgramSite;
  readonly isRoot: boolean;
  readonly noteService: (pid: number) => Promise<void>;
}
