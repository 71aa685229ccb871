/** A setting of Dovecot: the kinds of the blocks that it stands in, outermost first, its name, and its value. */
export interface DovecotSetting {
  readonly blocks: readonly string[];
  /** Which block: settings of one block have the same number. */
  readonly block: number;
  readonly name: string;
  readonly value: string;
}

/** Reads what `doveconf -n` prints, or a configuration file of Dovecot 2.3 or 2.4. */
export const dovecotSettings = (text: string): readonly DovecotSetting[] => {
  const settings: DovecotSetting[] = [];
  const open: { readonly kind: string; readonly number: number }[] = [];
  let blocks = 0;
  for (const line of text.split('\n')) {
    const plain = line.replace(/(?:^|\s)#.*$/, '').trim();
    const [, kind] = /^([\w-]+)\b[^={]*\{$/.exec(plain) ?? [];
    const [, name, value] = /^([\w/-]+)\s*=\s*(.*)$/.exec(plain) ?? [];
    if (kind !== undefined) open.push({ kind, number: ++blocks });
    else if (plain === '}') open.pop();
    else if (name !== undefined && value !== undefined) {
      const inside = open.map((block) => block.kind);
      settings.push({ blocks: inside, block: open.at(-1)?.number ?? 0, name, value: value.replace(/^"(.*)"$/, '$1') });
    }
  }
  return settings;
};

export const valuesOf = (settings: readonly DovecotSetting[], ...names: readonly string[]): readonly string[] =>
  settings.filter(({ name, value }) => names.includes(name) && value !== '').map(({ value }) => value);

/** `</etc/dovecot/key.pem`: the value is in that file. */
export const fileValues = (settings: readonly DovecotSetting[], ...names: readonly string[]): readonly string[] =>
  valuesOf(settings, ...names).flatMap((value) => {
    const path = value.replace(/^<\s*/, '');
    return path.startsWith('/') ? [path] : [];
  });

/** `%u`, `%{user | domain}`, `%Ld`, `$user`. */
const variable = /[%$]/;

/** Whether a path begins at the home of a user. */
export const isOfHome = (path: string): boolean => /^(?:~|%h|%\{home\})/.test(path);

/** The folder that all users have in common in a path with variables; undefined where that is the whole disk. */
export const commonFolder = (path: string): string | undefined => {
  const at = path.search(variable);
  const fixed = at < 0 ? path : path.slice(0, at).replace(/[^/]*$/, '');
  const plain = fixed.replace(/\/+$/, '');
  return plain.startsWith('/') && plain.length > 1 ? plain : undefined;
};

/** A place of mail: its form and its paths, of `maildir:/var/vmail/%d/%n:INDEX=/var/index/%u`. */
export interface MailLocation {
  readonly driver: string;
  readonly path: string;
  /** CONTROL and INDEX, ALT, VOLATILEDIR. */
  readonly others: ReadonlyMap<string, string>;
}

export const mailLocation = (value: string): MailLocation => {
  const [, driver = '', rest = value] = /^([a-z]+):(.*)$/s.exec(value) ?? [];
  // A colon within `%{…}` is no end.
  const [path = '', ...parts] = rest.split(/:(?![^{]*\})/);
  const others = parts.map((part): readonly [string, string] => {
    const at = part.indexOf('=');
    return [part.slice(0, Math.max(0, at)), part.slice(at + 1)];
  });
  return { driver, path, others: new Map(others) };
};
