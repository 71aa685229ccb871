import { basename, dirname } from 'node:path';
import type { Run } from '../../contract/run.ts';
import { isFault } from '../../model/fault.ts';
import { askCommand, type CommandEnd, type Variables } from './command.ts';

/** A container that compose has made. */
export interface LabelledContainer {
  readonly name: string;
  readonly service: string;
  readonly isRunning: boolean;
}

const label = 'com.docker.compose';

const format = [
  '{{.Names}}',
  '{{.State}}',
  `{{.Label "${label}.service"}}`,
  `{{.Label "${label}.project.config_files"}}`,
];

const ask = async (file: string, variables: Variables, run: Run): Promise<CommandEnd | undefined> => {
  const filter = `label=${label}.project.working_dir=${dirname(file)}`;
  try {
    return await askCommand(
      ['docker', 'ps', '--all', '--filter', filter, '--format', format.join('\t')],
      variables,
      run,
    );
  } catch (error) {
    // A bare machine has no docker yet.
    if (isFault(error, 'configuration')) return undefined;
    throw error;
  }
};

/** What was made from a compose file, as its containers say, also when it is gone. Where there is no engine there is nothing. */
export const labelledContainers = async (
  file: string,
  variables: Variables,
  run: Run,
): Promise<readonly LabelledContainer[]> => {
  const said = await ask(file, variables, run);
  if (said?.code !== 0) return [];
  return said.stdout.split('\n').flatMap((line) => {
    const [name = '', state, service = '', files = ''] = line.split('\t');
    // Older ones write the file as it was named, newer ones with its folder.
    const isFrom = files.split(',').some((path) => basename(path) === basename(file));
    return name !== '' && service !== '' && isFrom ? [{ name, service, isRunning: state === 'running' }] : [];
  });
};
