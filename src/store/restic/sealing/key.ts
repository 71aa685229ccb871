import { randomBytes, scrypt } from 'node:crypto';
import { Fault } from '../../../model/fault.ts';
import type { ZonedTime } from '../../../model/snapshot.ts';
import {
  createEnvelope,
  type Envelope,
  envelopeOverhead,
  isZero,
  type MasterKey,
  masterKeyFromBytes,
} from './envelope.ts';
import { goJson, isJsonRecord, type JsonRecord, parseJsonRecord } from '../format/json-record.ts';
import type { Poly1305 } from './poly1305.ts';
import { formatTime, parseTime } from '../format/time-format.ts';

/** How dear it is to try a password: a generated one of 128 bits needs little, a chosen one takes 0.4 s. */
export type KeyCost = 'standard' | 'generated-password';

export interface KeyFileOptions {
  readonly created: ZonedTime;
  readonly username: string;
  readonly hostname: string;
  readonly cost: KeyCost;
}

/** What a key file says of itself in the clear. */
export interface KeyDescription {
  readonly created: ZonedTime;
  readonly username: string;
  readonly hostname: string;
}

interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

const costs: Readonly<Record<KeyCost, ScryptCost>> = {
  standard: { N: 32_768, r: 8, p: 5 },
  'generated-password': { N: 16_384, r: 8, p: 1 },
};

const saltLength = 64;
/** restic stays below 60 MiB, rustic takes 128 MiB; a key that asks for more would only exhaust the machine. */
const memoryLimit = 512 * 1024 * 1024;
/** Bytes mixed in all: some ten seconds. */
const workLimit = 4 * 1024 * 1024 * 1024;

const damaged = (what: string): Fault =>
  new Fault('key-damaged', `the key file is damaged: ${what}`, {
    hint: 'Another key of the repository may still open it; a copy of this key file from elsewhere can be put back.',
  });

const isPositive = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0;

const checkedCost = ({ N, r, p }: JsonRecord): ScryptCost => {
  if (!isPositive(N) || !isPositive(r) || !isPositive(p) || N < 2 || !Number.isInteger(Math.log2(N))) {
    throw damaged('its scrypt parameters are impossible');
  }
  const memory = 128 * N * r;
  if (memory > memoryLimit || memory * p > workLimit || 128 * r * p > memoryLimit) {
    throw damaged(`its scrypt parameters (N=${N}, r=${r}, p=${p}) ask for more memory or time than any real key does`);
  }
  return { N, r, p };
};

/** The keys that a password stands for. Takes 128 × N × r bytes of memory in a thread of Node's own. */
const deriveKey = (password: string, salt: Uint8Array, cost: ScryptCost): Promise<MasterKey> => {
  const { N, r, p } = cost;
  const maxmem = 128 * N * r + 128 * r * p + 1024 * r + 1024 * 1024;
  return new Promise((resolve, reject) => {
    scrypt(password, salt, 64, { N, r, p, maxmem }, (error, bytes) => {
      if (error === null) resolve(masterKeyFromBytes(bytes));
      else reject(new Fault('internal', 'the password could not be turned into a key', { cause: error }));
    });
  });
};

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

const fromBase64 = (value: unknown, what: string): Uint8Array => {
  if (typeof value === 'string' && value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value)) {
    return Uint8Array.from(Buffer.from(value, 'base64'));
  }
  throw damaged(`its ${what} is no base64`);
};

const exactly = (bytes: Uint8Array, length: number, what: string): Uint8Array => {
  if (bytes.length !== length) throw damaged(`its ${what} has ${bytes.length} bytes instead of ${length}`);
  return bytes;
};

const encodeMasterKey = ({ encrypt, macK, macR }: MasterKey): Uint8Array =>
  Buffer.from(JSON.stringify({ mac: { k: base64(macK), r: base64(macR) }, encrypt: base64(encrypt) }));

const decodeMasterKey = (json: Uint8Array): MasterKey => {
  const record = parseJsonRecord(json);
  const mac = record?.['mac'];
  if (record === undefined || !isJsonRecord(mac)) throw damaged('there is no master key in it');
  const encrypt = exactly(fromBase64(record['encrypt'], 'encryption key'), 32, 'encryption key');
  const macK = exactly(fromBase64(mac['k'], 'key k'), 16, 'key k');
  const macR = exactly(fromBase64(mac['r'], 'key r'), 16, 'key r');
  if ([encrypt, macK, macR].some(isZero)) throw damaged('its master key is all zeros');
  return { encrypt, macK, macR };
};

/** The bytes of a key file: JSON that holds `master` sealed under the password. Its name is the SHA-256 of them. */
export const createKeyFile = async (
  password: string,
  master: MasterKey,
  options: KeyFileOptions,
  envelopeOf: (key: MasterKey) => Envelope,
): Promise<Uint8Array> => {
  const cost = costs[options.cost];
  const salt = Uint8Array.from(randomBytes(saltLength));
  const derived = await deriveKey(password, salt, cost);
  const { nanoseconds, offsetMinutes } = options.created;
  const file = goJson({
    created: formatTime(nanoseconds, offsetMinutes),
    username: options.username,
    hostname: options.hostname,
    kdf: 'scrypt',
    ...cost,
    salt: base64(salt),
    data: base64(envelopeOf(derived).seal(encodeMasterKey(master))),
  });
  return Uint8Array.from(Buffer.from(file));
};

const parseKeyFile = (json: Uint8Array): JsonRecord => {
  const record = parseJsonRecord(json);
  if (record === undefined) throw damaged('it is no JSON object');
  return record;
};

/**
 * The master key in a key file, or undefined when the password is not that of this key. Fault `key-damaged` for a
 * malformed file and for one whose scrypt parameters are meant to exhaust the machine.
 */
export const openKeyFile = async (
  json: Uint8Array,
  password: string,
  poly1305: Poly1305,
): Promise<MasterKey | undefined> => {
  const record = parseKeyFile(json);
  if (record['kdf'] !== 'scrypt') throw damaged('its way from the password to the key is not scrypt');
  const cost = checkedCost(record);
  const salt = exactly(fromBase64(record['salt'], 'salt'), saltLength, 'salt');
  const data = fromBase64(record['data'], 'sealed master key');
  if (data.length < envelopeOverhead) throw damaged('its sealed master key is too short');
  const opened = createEnvelope(await deriveKey(password, salt, cost), poly1305).open(data);
  return opened === undefined ? undefined : decodeMasterKey(opened);
};

/** For `key list`. Fault `key-damaged`. */
export const keyDescription = (json: Uint8Array): KeyDescription => {
  const { created, username, hostname } = parseKeyFile(json);
  const time = typeof created === 'string' ? parseTime(created) : undefined;
  if (time === undefined || typeof username !== 'string' || typeof hostname !== 'string') {
    throw damaged('it does not say when, by whom and where it was made');
  }
  return { created: time, username, hostname };
};
