import { composeFiles } from '../../system/compose-files.ts';
import { runProgram } from '../../system/run-program.ts';

/** `docker compose -f FILE`, with what overrides the file; where compose is not there, its older form. Fault `interrupted`. */
export const composeCommand = async (
  file: string,
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const asked = await runProgram({ program: 'docker', parameters: ['compose', 'version'], environment, signal });
  const files = (await composeFiles(file)).flatMap((one) => ['-f', one]);
  return [...(asked?.code === 0 ? ['docker', 'compose'] : ['docker-compose']), ...files];
};
