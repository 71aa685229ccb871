import { asFault, Fault } from '../../../model/fault.ts';
import { announce, type Command, type Literal, type LiteralForm } from '../wire/command.ts';
import type { Transport } from './transport.ts';

export interface SenderListener {
  /** Bytes of a literal go out: the server owes nothing meanwhile. */
  sending(): void;
  /** Nothing more can be sent on this connection. */
  failed(fault: Error): void;
}

/** Sends commands one after another, and waits in the middle of one where the server wants it. */
export class CommandSender {
  readonly #transport: Transport;
  readonly #listener: SenderListener;
  #tail: Promise<void> = Promise.resolve();
  #held: { readonly tag: string; readonly go: (goesOn: boolean) => void } | undefined;
  #ended = false;
  literals: LiteralForm = 'synchronizing';

  constructor(transport: Transport, listener: SenderListener) {
    this.#transport = transport;
    this.#listener = listener;
  }

  send(tag: string, command: Command): void {
    this.#tail = this.#tail.then(() => this.#send(tag, command));
  }

  line(text: string): void {
    this.#write(Buffer.from(`${text}\r\n`, 'latin1'));
  }

  /** The server asks to go on; false if nothing was held back for that. */
  goOn(): boolean {
    const held = this.#held;
    held?.go(true);
    return held !== undefined;
  }

  /** The server has answered a command, perhaps before all of it was sent. */
  answered(tag: string): void {
    if (this.#held?.tag === tag) this.#held.go(false);
  }

  end(): void {
    this.#ended = true;
    this.#held?.go(false);
  }

  async #send(tag: string, { parts }: Command): Promise<void> {
    let text = `${tag} `;
    for (const part of parts) {
      if (typeof part === 'string') {
        text += part;
        continue;
      }
      const { text: announced, waits } = announce(part, this.literals);
      this.#write(Buffer.from(text + announced, 'latin1'));
      text = '';
      if (waits && !(await this.#mayGoOn(tag))) return;
      await this.#sendLiteral(part);
    }
    this.line(text);
  }

  #mayGoOn(tag: string): Promise<boolean> {
    if (this.#ended) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#held = {
        tag,
        go: (goesOn) => {
          this.#held = undefined;
          resolve(goesOn);
        },
      };
    });
  }

  async #sendLiteral(literal: Literal): Promise<void> {
    let sent = 0;
    try {
      for await (const bytes of literal.bytes()) {
        if (this.#ended) return;
        sent += bytes.length;
        this.#listener.sending();
        await this.#transport.write(bytes);
      }
      if (sent === literal.length) return;
      throw new Fault('internal', `a literal of ${literal.length} bytes was announced, and ${sent} came`);
    } catch (error) {
      // Half a literal is out: the server cannot be told anything else on this connection.
      this.#listener.failed(asFault(error));
    }
  }

  #write(bytes: Uint8Array): void {
    if (this.#ended) return;
    this.#transport.write(bytes).catch((error: unknown) => this.#listener.failed(asFault(error)));
  }
}
