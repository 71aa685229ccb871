/** What a throw-away database is made from. */
export interface ThrowawayWish {
  /** The component whose dumps it gets. */
  readonly component: string;
  /** An empty folder for it, absolute, for us alone. */
  readonly folder: string;
  /** What a program that is started may know. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly isRoot: boolean;
  readonly noteService: (pid: number) => Promise<void>;
}
