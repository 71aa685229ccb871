import * as prompts from '@clack/prompts';
import { interrupted, type Run } from '../../contract/run.ts';
import { type Discovery, findServer, ofPreset } from '../../protocol/imap/discovery/find-server.ts';
import type { FoundServer } from '../../protocol/imap/discovery/found-server.ts';
import { type LoginWay, type Preset, presets } from '../../protocol/imap/discovery/preset.ts';
import type { SeenStack } from '../../preset/known-presets.ts';
import type { Messages } from '../catalogue/english.ts';
import { type AccountAnswers, type LoginAnswer, proposedName } from './answers.ts';
import { oauthLogin } from './scripted-answers.ts';

/** Where the questions stand and who may end them. */
export interface Asking {
  readonly messages: Messages;
  readonly run: Run;
  /** Keeps a password that was typed, in a file of its own; resolves to its path. */
  keepPassword(name: string, password: string): Promise<string>;
}

/** An answer; Ctrl-C is none, and ends everything. */
const answered = async <Value>(question: Promise<Value>): Promise<Exclude<Value, symbol>> => {
  const answer = await question;
  if (prompts.isCancel(answer)) throw interrupted();
  return answer as Exclude<Value, symbol>;
};

const common = ({ run }: Pick<Asking, 'run'>) => ({ output: process.stderr, signal: run.signal });

const text = (asking: Asking, message: string, initialValue?: string): Promise<string> =>
  answered(
    prompts.text({
      ...common(asking),
      message,
      ...(initialValue === undefined ? {} : { initialValue }),
      validate: (value) => ((value ?? '').trim() === '' ? asking.messages.setupNeedsAnswer() : undefined),
    }),
  ).then((value) => value.trim());

const yes = (asking: Asking, message: string): Promise<boolean> =>
  answered(prompts.confirm({ ...common(asking), message }));

/** What is to be set up: an account, only a repository, or one of the mail servers of this machine. */
export const wantedSetup = (
  asking: Pick<Asking, 'messages' | 'run'>,
  stacks: readonly SeenStack[],
): Promise<'account' | 'repository' | SeenStack> => {
  const { messages } = asking;
  prompts.intro(messages.setupTitle(), { output: process.stderr });
  return answered(
    prompts.select<'account' | 'repository' | SeenStack>({
      ...common(asking),
      message: messages.setupWhat(),
      options: [
        ...stacks.map((stack) => ({ value: stack, label: messages.setupWhatServer(stack.preset, stack.root) })),
        { value: 'account', label: messages.setupWhatAccount() },
        { value: 'repository', label: messages.setupWhatRepository() },
      ],
    }),
  );
};

export const confirmWriting = (asking: Asking, file: string, isThere: boolean): Promise<boolean> =>
  yes(asking, isThere ? asking.messages.setupAdd(file) : asking.messages.setupWrite(file));

export const confirmAllTheSame = (asking: Asking): Promise<boolean> => yes(asking, asking.messages.setupAllTheSame());

export const askRepository = (asking: Asking, proposed: string): Promise<string> =>
  text(asking, asking.messages.setupRepository(), proposed);

/** Asks everything about an account. Fault `interrupted` when the person leaves. */
export const askedAnswers = async (
  asking: Asking,
  taken: readonly string[],
  discovery: Discovery,
): Promise<AccountAnswers> => {
  const { messages } = asking;
  const address = await text(asking, messages.setupAddress());
  const server = await askServer(asking, address, discovery);
  const user = server.preset === undefined ? await text(asking, messages.setupUser(), server.user) : server.user;
  const name = await text(asking, messages.setupName(), proposedName(address, taken));
  const login = await askLogin(asking, name, server.preset);
  const exclude = (await yes(asking, messages.setupExclude())) ? (server.preset?.exclude ?? ['\\Junk', '\\Trash']) : [];
  const mirror = (await yes(asking, messages.setupMirror()))
    ? await text(asking, messages.setupMirrorFolder(), `~/Mail/${name}`)
    : undefined;
  return {
    name,
    host: server.host,
    port: server.port,
    security: server.security,
    user,
    login,
    certificateAuthority: undefined,
    certificateFingerprint: undefined,
    connections: server.preset?.connections,
    exclude,
    mirror,
  };
};

type Server = Omit<FoundServer, 'source'>;

const askServer = async (asking: Asking, address: string, discovery: Discovery): Promise<Server> => {
  const { messages, run } = asking;
  const spinner = prompts.spinner({ output: process.stderr });
  spinner.start(messages.setupLooking());
  const found = await findServer(address, discovery, run);
  spinner.stop(found === undefined ? messages.setupNotFound() : messages.setupFound(found.host, found.port));
  if (found !== undefined && (found.source === 'preset' || (await yes(asking, messages.setupIsRight())))) return found;
  const preset = await answered(
    prompts.select({
      ...common(asking),
      message: messages.setupProvider(),
      options: [
        ...presets.map((known) => ({ value: known.id, label: known.title })),
        { value: 'other' as const, label: messages.setupOther() },
      ],
    }),
  );
  const known = presets.find(({ id }) => id === preset);
  if (known !== undefined) return ofPreset(known, address);
  const host = await text(asking, messages.setupHost());
  const security = await answered(
    prompts.select({
      ...common(asking),
      message: messages.setupSecurity(),
      options: [
        { value: 'tls' as const, label: 'TLS (993)' },
        { value: 'starttls' as const, label: 'STARTTLS (143)' },
      ],
    }),
  );
  return { host, port: security === 'tls' ? 993 : 143, security, user: address };
};

const askLogin = async (asking: Asking, name: string, preset: Preset | undefined): Promise<LoginAnswer> => {
  const { messages } = asking;
  const ways: readonly LoginWay[] = preset?.logins ?? ['password'];
  const [first = 'password'] = ways;
  const way =
    ways.length === 1
      ? first
      : await answered(
          prompts.select({
            ...common(asking),
            message: messages.setupLogin(),
            options: ways.map((value) => ({ value, label: messages.setupLoginWay(value) })),
          }),
        );
  if (way === 'oauth-google' || way === 'oauth-microsoft') {
    const clientId = await text(asking, messages.setupClientId());
    const secret = await answered(prompts.password({ ...common(asking), message: messages.setupClientSecret() }));
    const file = secret === '' ? undefined : await asking.keepPassword(`${name}-client-secret`, secret);
    return oauthLogin(clientId, file, preset?.id);
  }
  const message = way === 'password' ? messages.setupPassword() : messages.setupApplicationPassword();
  const password = await answered(
    prompts.password({
      ...common(asking),
      message,
      validate: (value) => ((value ?? '') === '' ? messages.setupNeedsAnswer() : undefined),
    }),
  );
  // Google shows application passwords in groups with spaces between them, which are no part of it.
  const plain = preset?.id === 'gmail' ? password.replaceAll(' ', '') : password;
  return { password: { file: await asking.keepPassword(`${name}-password`, plain) } };
};
