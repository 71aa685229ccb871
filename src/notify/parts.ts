import type { CredentialSource } from '../contract/credential.ts';
import type { ReadSecret } from '../contract/secret-source.ts';

/** What sending needs besides the configuration. */
export interface NotifierParts {
  readonly readSecret: ReadSecret;
  /** Of the process, for programs that are started; they get only what they need of it. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly hostname: string;
  /** How an account of the configuration logs in. Fault `configuration` when there is none of that name. */
  readonly credentialsOf: (account: string) => Promise<CredentialSource>;
  /** Milliseconds for one notification; default 30 s. */
  readonly patience?: number;
}
