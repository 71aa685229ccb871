import { mailboxText } from '../../mail/mailbox-name.ts';
import { terminalLine } from '../../mail/terminal-text.ts';
import type { ByteString } from '../../model/byte-string.ts';
import { formatBytes } from '../../model/size.ts';
import type { AdoptionPlan, FolderAdoption } from '../../protocol/maildir/adopt/adoption-plan.ts';
import type { CommandContext } from '../context.ts';

export interface AdoptionTotals {
  readonly messages: number;
  readonly bytes: number;
  /** To be fetched by the next run. */
  readonly left: number;
}

export const adoptionTotals = ({ folders }: AdoptionPlan): AdoptionTotals => ({
  messages: folders.reduce((sum, { messages }) => sum + messages.size, 0),
  bytes: folders.reduce((sum, { bytes }) => sum + bytes, 0),
  left: folders.reduce((sum, { left }) => sum + left.length, 0),
});

interface Subject {
  readonly account: string;
  readonly from: string;
  readonly mirror: string;
}

/** The root of the tree has no name of its own. */
const placeText = (path: ByteString): string => (path === '' ? '.' : mailboxText(path));

const folderRecord = ({
  name,
  from,
  onServer,
  present,
  messages,
  bytes,
  left,
  differing,
  hindrance,
}: FolderAdoption) => ({
  folder: mailboxText(name),
  from: from.map(placeText),
  messages_on_server: onServer,
  messages_present: present,
  messages_adopted: messages.size,
  bytes_adopted: bytes,
  messages_left: left.length,
  messages_differing: differing,
  hindrance,
});

/** What would be taken over, folder by folder, and why the rest is not. */
export const printAdoptionPlan = (plan: AdoptionPlan, subject: Subject, context: CommandContext): void => {
  const { output, options } = context;
  output.update(undefined);
  if (!options.json) {
    for (const line of planLines(plan, subject, context)) output.print(line);
    return;
  }
  const record = {
    message_type: 'plan',
    account: subject.account,
    from: subject.from,
    mirror: subject.mirror,
    folders: plan.folders.map((folder) => folderRecord(folder)),
    unread: plan.unread.map(({ name, fault }) => ({
      folder: mailboxText(name),
      fault: fault.code,
      message: fault.message,
    })),
    unused: plan.unused.map(({ path, files, unmarked }) => ({ from: placeText(path), files: files.size + unmarked })),
    half_done: plan.halfDone.map(({ path }) => placeText(path)),
  };
  output.print(JSON.stringify(record));
};

const planLines = (
  plan: AdoptionPlan,
  { account, from, mirror }: Subject,
  context: CommandContext,
): readonly string[] => {
  const { messages } = context;
  const total = adoptionTotals(plan);
  const folders = plan.folders.flatMap((folder) => {
    const { name, onServer, present, left, differing, bytes, hindrance } = folder;
    const line = messages.adoptFolder({
      folder: terminalLine(mailboxText(name)),
      from: terminalLine(folder.from.map(placeText).join(', ')),
      adopted: folder.messages.size,
      onServer,
      bytes: formatBytes(bytes),
      present,
      absent: left.length - differing,
      differing,
    });
    return hindrance === undefined || left.length === 0 ? [line] : [line, messages.adoptHindrance(hindrance)];
  });
  return [
    messages.adoptHeading(account, from),
    ...folders,
    ...plan.unread.map(({ name, fault }) => messages.adoptUnread(mailboxText(name), fault.message)),
    ...plan.halfDone.map(({ path }) => messages.adoptHalfDone(placeText(path))),
    ...plan.unused
      .filter(({ files, unmarked }) => files.size + unmarked > 0)
      .map(({ path, files, unmarked }) => messages.adoptUnused(placeText(path), files.size + unmarked)),
    messages.adoptTotal(total.messages, formatBytes(total.bytes), mirror, total.left),
  ];
};
