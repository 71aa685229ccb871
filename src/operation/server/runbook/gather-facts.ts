import type { DatedBackup } from '../../../contract/component.ts';
import type { MachineRecord } from '../../../contract/machine-record.ts';
import type { Run } from '../../../contract/run.ts';
import type { ServerBackup, StoredComponent } from '../../../contract/server-backup.ts';
import type { ComponentOrigin } from '../../../contract/server-origin.ts';
import type { Base } from '../../../contract/source.ts';
import { byteStringOfText } from '../../../model/byte-string.ts';
import { datedPlace } from '../../../model/dated-name.ts';
import { noCounts } from '../../../model/entry.ts';
import { databaseFacts } from './database-facts.ts';
import type { BackupSite, ComposeFile, RunbookComponent, RunbookFacts, RunbookPlace } from './runbook-facts.ts';
import { serviceStartOf } from './service-start.ts';
import { ownersIn, signsOfLife, type SurveyedComponent } from './signs-of-life.ts';
import { readSmallFile, surveyComponent } from './survey-backup.ts';

export interface GatherParts {
  readonly server: string;
  readonly where: BackupSite;
  readonly machine: MachineRecord | undefined;
  /** What lies on the same disk: of it the times were measured. Empty for a repository. */
  readonly backups: readonly DatedBackup[];
  /** Services by the names of their containers, as a compose file says it. */
  readonly servicesIn: (text: string) => Readonly<Record<string, string>>;
}

/** Design 9.2: first what the services are made of, then mail, then what nobody waits for. */
const order: readonly string[] = ['config', 'scripts', 'ssl', 'dkim', 'mail'];
const last = 'logs';

const rank = (name: string): number => {
  if (name === last) return order.length + 1;
  const at = order.indexOf(name);
  return at < 0 ? order.length : at;
};

/** The night in which most of a component was written tells most of the pace of the disk. */
const timesOf = (name: string, own: string, backups: readonly DatedBackup[]) => {
  const captures = backups.flatMap((backup) => {
    const found = backup.components.find((component) => component.name === name);
    return found === undefined ? [] : [{ backup, found }];
  });
  const here = captures.find(({ backup }) => datedPlace(backup.name) === own);
  const [most] = captures.toSorted((left, right) => right.found.writtenBytes - left.found.writtenBytes);
  const measured = most && { bytes: most.found.writtenBytes, duration: most.found.duration };
  return { captured: here?.found.duration, measured };
};

const placesOf = ({ entries, places }: SurveyedComponent): readonly RunbookPlace[] =>
  entries.flatMap(({ path: [name = '', ...rest], metadata }) => {
    if (rest.length > 0) return [];
    const { uid, gid, mode, type } = metadata;
    const kind = type === 'directory' ? 'folder' : 'file';
    return [{ name, to: Object.hasOwn(places, name) ? places[name] : undefined, kind, look: { uid, gid, mode } }];
  });

interface Gathering {
  readonly base: Base;
  readonly backup: ServerBackup;
  readonly parts: GatherParts;
}

const originOfComponent = ({ origin }: ServerBackup, name: string): ComponentOrigin | undefined =>
  origin?.components.find((one) => one.name === name);

const surveyed = async (
  { base, backup }: Gathering,
  { name }: StoredComponent,
  run: Run,
): Promise<SurveyedComponent> => ({
  name,
  entries: await surveyComponent(base, name, run),
  places: originOfComponent(backup, name)?.places ?? {},
});

const componentFacts = async (
  { base, backup, parts }: Gathering,
  { stored, survey }: { readonly stored: StoredComponent; readonly survey: SurveyedComponent },
  run: Run,
): Promise<RunbookComponent> => {
  const { name, form } = stored;
  const directory = await base.directory([byteStringOfText(name)], run);
  const { files, bytes } = (await directory?.counts(run)) ?? noCounts;
  const common = { name, files, bytes, ...timesOf(name, backup.name, parts.backups) };
  if (form !== 'dump') return { kind: 'files', ...common, form, places: placesOf(survey) };
  const list = await readSmallFile(base, { component: name, name: 'server.json' }, run);
  const found = databaseFacts(originOfComponent(backup, name) ?? {}, { entries: survey.entries, list });
  if (found !== undefined) return { kind: 'database', ...common, ...found };
  // Nothing says what it was: its files are shown where they lie.
  return { kind: 'files', ...common, form: 'tree', places: placesOf(survey) };
};

const composeNames = ['docker-compose.yml', 'docker-compose.yaml', 'compose.yml', 'compose.yaml'];

const composeIn = async (
  { base, parts }: Gathering,
  surveys: readonly SurveyedComponent[],
  run: Run,
): Promise<ComposeFile | undefined> => {
  for (const { name: component, places } of surveys) {
    for (const name of composeNames) {
      const path = Object.hasOwn(places, name) ? places[name] : undefined;
      const text = path === undefined ? undefined : await readSmallFile(base, { component, name }, run);
      if (path !== undefined && text !== undefined) return { path, services: parts.servicesIn(text) };
    }
  }
  return undefined;
};

/** Finds out what the recovery of this backup takes. Reads metadata and a few small files. Faults: those of the store. */
export const gatherFacts = async (backup: ServerBackup, parts: GatherParts, run: Run): Promise<RunbookFacts> => {
  const base = await backup.open([], run);
  try {
    const gathering = { base, backup, parts };
    const components: RunbookComponent[] = [];
    const surveys: SurveyedComponent[] = [];
    for (const stored of backup.components.toSorted((left, right) => rank(left.name) - rank(right.name))) {
      const survey = await surveyed(gathering, stored, run);
      surveys.push(survey);
      components.push(await componentFacts(gathering, { stored, survey }, run));
    }
    const files = surveys.filter(({ name }) =>
      backup.components.some((one) => one.name === name && one.form !== 'dump'),
    );
    const { server, where, machine, backups } = parts;
    return {
      server,
      where,
      started: backup.started,
      isComplete: backup.isComplete,
      verified: backups.find(({ name }) => datedPlace(name) === backup.name)?.verified,
      machine,
      components,
      owners: ownersIn(files),
      compose: await composeIn(gathering, surveys, run),
      start: serviceStartOf(backup.origin?.stop),
      signs: signsOfLife(files),
    };
  } finally {
    await base.close();
  }
};
