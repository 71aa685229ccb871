import { Fault } from '../../model/fault.ts';
import { damaged, encodeJson, numberField, parseFields, textField } from './json-fields.ts';

/** What a snapshot's `.mailkeep/format.json` says of it. */
export interface FormatRecord {
  readonly version: 1;
  /** `imap`: the layout of decision 5, captured from a server. `import`: the same layout, made of files of mail. */
  readonly kind: 'imap' | 'import';
  /** The name of the account in the configuration, or the one given to `import`. */
  readonly account: string;
  readonly host?: string;
  readonly user?: string;
}

export const encodeFormatRecord = ({ version, kind, account, host, user }: FormatRecord): Uint8Array =>
  encodeJson({ version, kind, account, host, user }, 2);

/**
 * Undefined for another kind of snapshot, which has no layout of ours. Faults: `tree-damaged`; `unsupported` for a layout
 * that a later version made.
 */
export const parseFormatRecord = (bytes: Uint8Array): FormatRecord | undefined => {
  const fields = parseFields(bytes, '.mailkeep/format.json');
  const kind = textField(fields, 'kind');
  if (kind !== 'imap' && kind !== 'import') return undefined;
  const version = numberField(fields, 'version');
  if (version === undefined) throw damaged('.mailkeep/format.json');
  if (version !== 1) {
    throw new Fault(
      'unsupported',
      `the mail in this snapshot lies in layout ${version}, which this version does not know`,
      {
        hint: 'Install a newer Mailkeep; --stored shows and restores the files as they lie.',
        context: { version },
      },
    );
  }
  const [host, user] = [textField(fields, 'host'), textField(fields, 'user')];
  return {
    version,
    kind,
    account: textField(fields, 'account') ?? '',
    ...(host === undefined ? {} : { host }),
    ...(user === undefined ? {} : { user }),
  };
};
