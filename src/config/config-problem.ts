/** Something that is wrong in a configuration, and where. Lines and columns count from 1. */
export interface ConfigProblem {
  readonly line: number;
  readonly column: number;
  /** The setting, its names joined by dots; empty where the file as a whole is meant. */
  readonly setting: string;
  /** Completes the name of the setting, or is a sentence of its own. */
  readonly message: string;
  readonly hint?: string;
}

/** As one line of text: `mailkeep.yaml:7:5: accounts.fastmail.port must be …`. */
export const problemLine = (file: string, { line, column, setting, message }: ConfigProblem): string =>
  `${file}:${line}:${column}: ${setting === '' ? '' : `${setting} `}${message}`;
