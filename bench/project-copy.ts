/** A copy of the project in another folder, to run make there as a user would. */
import { cpSync, existsSync, realpathSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';

const CODE = [
  'Makefile',
  'make',
  'scripts',
  'lib',
  'chapters',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  '.make/programs',
];

/** Code and programs without config, data or models; packages are linked, and look newer than their lock file. */
export function copyProject(folder: string): void {
  for (const name of CODE)
    if (existsSync(name)) cpSync(name, join(folder, name), { recursive: true, preserveTimestamps: true });
  utimesSync(join(folder, 'package-lock.json'), 0, 0);
  symlinkSync(realpathSync('node_modules'), join(folder, 'node_modules'));
}

/** The environment without what a make around us, or a test runner, has set. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const ofMake = /^(MAKE.*|MFLAGS|CONFIG|ONLY|NODE_TEST_CONTEXT)$/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ofMake.test(name)));
}
