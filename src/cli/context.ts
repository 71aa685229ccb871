import type { Run } from '../contract/run.ts';
import type { Environment } from '../config/environment.ts';
import type { Output } from './output.ts';
import type { Messages } from './catalogue/english.ts';

/** Options that every command takes; each is also in the environment, where the option wins. */
export interface GlobalOptions {
  readonly config?: string;
  readonly repo?: string;
  readonly repositoryFile?: string;
  readonly passwordFile?: string;
  readonly passwordCommand?: string;
  readonly keyHint?: string;
  readonly cacheDir?: string;
  /** `--no-cache` makes it false. */
  readonly cache: boolean;
  /** `--no-lock` makes it false. */
  readonly lock: boolean;
  /** Milliseconds. */
  readonly retryLock: number;
  readonly compression?: 'off' | 'auto' | 'max';
  /** `--no-mail-aware` makes it false: blobs exactly as restic cuts them. */
  readonly mailAware: boolean;
  /** Bytes. */
  readonly packSize?: number;
  /** Of the storage, by key: `-o s3.region=…`. */
  readonly option?: Readonly<Record<string, string>>;
  readonly cacert?: string;
  readonly tlsClientCert?: string;
  readonly insecureTls: boolean;
  /** Bytes a second. */
  readonly limitUpload?: number;
  readonly limitDownload?: number;
  /** Milliseconds. */
  readonly stuckRequestTimeout?: number;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: number;
}

/** All that a command works with. */
export interface CommandContext {
  readonly environment: Environment;
  readonly options: GlobalOptions;
  readonly run: Run;
  readonly output: Output;
  readonly messages: Messages;
}
