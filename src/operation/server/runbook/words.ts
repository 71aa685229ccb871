/** What a runbook says, in one language. Sizes, times and names come ready to print. */
export interface RunbookWords {
  runbookTitle(server: string): string;
  runbookIntroduction(): readonly string[];
  runbookIncomplete(): string;
  runbookWithMailkeep(): string;
  runbookWithout(): string;

  runbookBackup(): string;
  runbookMade(): string;
  runbookVerified(): string;
  runbookNotVerified(): string;
  runbookSystem(): string;
  runbookPrograms(): string;
  runbookSize(): string;
  runbookDisk(): string;
  runbookOwners(): string;
  runbookUnknown(): string;
  runbookFilesAndBytes(files: number, bytes: string): string;

  /** Undefined: less than a minute. */
  runbookEstimate(time: string | undefined): string;
  runbookTimes(): string;
  runbookTimesExplained(): string;
  runbookTime(time: RunbookTime): string;

  stepMachine(): string;
  stepDisk(): string;
  stepRepository(): string;
  stepCheck(): string;
  stepOwners(): string;
  stepFiles(component: string): string;
  stepDatabaseServer(brand: string): string;
  stepDatabase(component: string, brand: string): string;
  stepServices(): string;
  stepSigns(): string;
  stepAgain(): string;

  noteMachine(system: string | undefined): string;
  noteMailkeep(): string;
  noteRestic(): string;
  noteDisk(): string;
  noteNoDisk(): string;
  noteRepository(): string;
  noteCheck(): string;
  noteOwners(): string;
  notePlace(name: string, to: string): string;
  notePlaceUnknown(name: string): string;
  noteOwnersLost(): string;
  noteContainer(container: string): string;
  noteNoStart(): string;
  noteSuperuser(): string;
  noteDatabases(names: string): string;
  noteAppendOnly(): string;
  noteServices(): string;
  noteCertificates(): string;
  noteKeys(): string;
  noteNames(): string;
  noteLogins(): string;
  noteAgain(): string;
  /** `line`: of /etc/fstab. */
  noteFstab(line: string): string;
}

/** How long a component took, and is likely to take. */
export interface RunbookTime {
  readonly name: string;
  readonly size: string;
  /** Undefined where nothing knows. */
  readonly captured: string | undefined;
  readonly estimate: string | undefined;
}
