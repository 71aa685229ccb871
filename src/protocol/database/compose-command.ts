import { runProgram } from '../../system/run-program.ts';

/** `docker compose`, or where that is not there, its older form. Fault `interrupted`. */
export const composeCommand = async (
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const asked = await runProgram({ program: 'docker', parameters: ['compose', 'version'], environment, signal });
  return asked?.code === 0 ? ['docker', 'compose'] : ['docker-compose'];
};
