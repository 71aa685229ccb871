/** How the new account logs in, as it stands in the configuration. */
export type LoginAnswer =
  | { readonly password: Readonly<Record<string, unknown>> }
  | { readonly oauth: Readonly<Record<string, unknown>> };

/** Everything that is asked for a new account, whether a person or the options have answered. */
export interface AccountAnswers {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly security: 'tls' | 'starttls' | 'none';
  readonly user: string;
  readonly login: LoginAnswer;
  readonly certificateAuthority: string | undefined;
  readonly certificateFingerprint: string | undefined;
  readonly connections: number | undefined;
  readonly exclude: readonly string[];
  /** A folder; undefined: straight into the repository. */
  readonly mirror: string | undefined;
}

/** The entry of `accounts:`; what is the default is left out. */
export const accountEntry = (answers: AccountAnswers): Readonly<Record<string, unknown>> => {
  const { host, port, security, user, login, certificateAuthority, certificateFingerprint } = answers;
  const { connections, exclude, mirror } = answers;
  const usualPort = security === 'tls' ? 993 : 143;
  return {
    host,
    ...(port === usualPort ? {} : { port }),
    ...(security === 'tls' ? {} : { security }),
    ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
    ...(certificateFingerprint === undefined ? {} : { certificateFingerprint }),
    user,
    login,
    ...(connections === undefined ? {} : { connections }),
    ...(exclude.length === 0 ? {} : { folders: { exclude } }),
    ...(mirror === undefined ? {} : { store: { mirror } }),
  };
};

/** A name for an account, from its address: `alice@example.com` becomes `example`, or `alice` where that is taken. */
export const proposedName = (address: string, taken: readonly string[]): string => {
  const [local = '', domain = ''] = address.split('@');
  const plain = (text: string): string => text.replace(/[^\p{L}\p{N}._+-]/gu, '').replace(/^[^\p{L}\p{N}_]+/u, '');
  const wishes = [plain(domain.split('.')[0] ?? ''), plain(local), plain(`${local}-${domain}`)].filter(
    (wish) => wish !== '',
  );
  return wishes.find((wish) => !taken.includes(wish)) ?? `account-${taken.length + 1}`;
};
