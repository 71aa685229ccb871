import { randomBytes } from 'node:crypto';
import { Fault } from '../../../model/fault.ts';
import { parseJsonRecord } from './json-record.ts';
import { isIrreducible53 } from './polynomial.ts';

/** What holds for a whole repository, written once when it is made. */
export interface RepositoryConfig {
  readonly version: 1 | 2;
  /** 64 hexadecimal digits, random. */
  readonly id: string;
  /** Irreducible, of degree 53: where files are cut depends on it. */
  readonly chunkerPolynomial: bigint;
}

const newestVersion = 2;

const damaged = (what: string): Fault =>
  new Fault('config-damaged', `the repository's config is damaged: ${what}`, {
    hint: 'Put back a copy of the file "config" from elsewhere; nothing else in the repository depends on how it was lost.',
  });

const parsePolynomial = (value: unknown): bigint => {
  const polynomial = typeof value === 'string' && /^[0-9a-f]{1,14}$/i.test(value) ? BigInt(`0x${value}`) : 0n;
  if (!isIrreducible53(polynomial)) throw damaged('its chunker polynomial is not an irreducible one of degree 53');
  return polynomial;
};

/** Reads the opened config. Fault `repository-newer` for a version that does not exist yet, `config-damaged` for nonsense. */
export const parseConfig = (plain: Uint8Array): RepositoryConfig => {
  const record = parseJsonRecord(plain);
  if (record === undefined) throw damaged('it is no JSON object');
  const version = record['version'];
  if (typeof version === 'number' && Number.isSafeInteger(version) && version > newestVersion) {
    throw new Fault('repository-newer', `the repository has version ${version} of its format, Mailkeep knows 1 and 2`, {
      hint: 'A newer program made it; look for a newer Mailkeep.',
      context: { version },
    });
  }
  if (version !== 1 && version !== 2) throw damaged('it has no version');
  const id = record['id'];
  if (typeof id !== 'string' || !/^[0-9a-f]{64}$/.test(id)) throw damaged('its id is not 64 hexadecimal digits');
  return { version, id, chunkerPolynomial: parsePolynomial(record['chunker_polynomial']) };
};

/** The JSON that is sealed as `config`, never compressed. */
export const formatConfig = ({ version, id, chunkerPolynomial }: RepositoryConfig): Uint8Array =>
  Uint8Array.from(Buffer.from(JSON.stringify({ version, id, chunker_polynomial: chunkerPolynomial.toString(16) })));

/** One in about 27 polynomials with a constant term is irreducible. */
const randomPolynomial = (): bigint => {
  const bits = BigInt(`0x${randomBytes(7).toString('hex')}`) & ((1n << 53n) - 1n);
  const polynomial = (1n << 53n) | bits | 1n;
  return isIrreducible53(polynomial) ? polynomial : randomPolynomial();
};

/** For a new repository, in version 2. */
export const createConfig = (): RepositoryConfig => ({
  version: 2,
  id: randomBytes(32).toString('hex'),
  chunkerPolynomial: randomPolynomial(),
});
