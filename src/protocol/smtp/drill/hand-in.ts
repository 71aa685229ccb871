import { createTransport } from 'nodemailer';
import type { Letter } from '../../../contract/drill.ts';
import type { Run } from '../../../contract/run.ts';
import { Fault } from '../../../model/fault.ts';

const patience = 30_000;

/** What the server said, without what was said to it. */
const answerOf = (error: unknown): string => {
  if (error instanceof Error && 'response' in error && typeof error.response === 'string') return error.response;
  return error instanceof Error ? error.message : String(error);
};

/** Hands a message to a server of our own on this machine. Returns what it calls it. Fault `server-refused` with its answer. */
export const handIn = async (port: number, letter: Letter, run: Run): Promise<string> => {
  const { from, to, mark, password } = letter;
  const transport = createTransport({
    host: '127.0.0.1',
    port,
    ignoreTLS: true,
    name: 'client.drill.invalid',
    ...(password === undefined ? {} : { auth: { user: from, pass: password } }),
    connectionTimeout: patience,
    greetingTimeout: patience,
    socketTimeout: patience,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    const { response } = await transport.sendMail({
      envelope: { from, to: [to] },
      from,
      to,
      subject: 'A message of the recovery drill',
      text: 'This message was sent in a recovery drill, and is thrown away with it.',
      headers: { [letter.header]: mark },
      signal: run.signal,
    });
    const id = /\bqueued as (\w+)/.exec(response)?.[1];
    if (id === undefined)
      throw new Fault('server-misbehaved', `Postfix does not say what it calls a message: ${response}`);
    return id;
  } catch (error) {
    if (error instanceof Fault) throw error;
    if (run.signal.aborted) throw new Fault('interrupted', 'interrupted before it was finished', { cause: error });
    // The cause may quote the login.
    throw new Fault('server-refused', answerOf(error));
  } finally {
    transport.close();
  }
};
