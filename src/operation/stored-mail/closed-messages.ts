import type { Run } from '../../contract/run.ts';
import { byteStringOfLatin1 } from '../../model/byte-string.ts';
import type { ClosedForm } from '../../mail/stored-form.ts';
import type { Path } from '../../model/entry.ts';
import { closedFault } from './logical-message.ts';

/** Messages that cannot be looked into, told together: a mail server that encrypts does it with all of them. */
export interface ClosedMessages {
  add(form: ClosedForm, path: Path): void;
  /** One fault event for each form, with the path of the first. */
  tell(run: Run): void;
}

export const createClosedMessages = (): ClosedMessages => {
  const met = new Map<ClosedForm, { readonly first: Path; count: number }>();
  return {
    add: (form, path) => {
      const known = met.get(form);
      if (known === undefined) met.set(form, { first: path, count: 1 });
      else known.count++;
    },
    tell: (run) => {
      for (const [form, { first, count }] of met) {
        run.emit({ kind: 'fault', fault: closedFault(form, count), path: byteStringOfLatin1(`/${first.join('/')}`) });
      }
    },
  };
};
