import type { Preset } from './preset.ts';

/** An IMAP server, and who says that it is the one. */
export interface FoundServer {
  readonly host: string;
  readonly port: number;
  readonly security: 'tls' | 'starttls';
  readonly user: string;
  readonly source: 'preset' | 'srv' | 'autoconfig';
  readonly preset?: Preset;
}
