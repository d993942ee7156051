/** A copy of the project in another folder, to run make there as a user would. */
import { cpSync, symlinkSync, utimesSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Code and packages without config, data or models; packages are linked, and look newer than their lock file. */
export function copyProject(folder: string): void {
  for (const name of ['Makefile', 'scripts', 'lib', 'package.json', 'package-lock.json', 'tsconfig.json']) {
    cpSync(name, join(folder, name), { recursive: true, preserveTimestamps: true });
  }
  utimesSync(join(folder, 'package-lock.json'), 0, 0);
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
}

/** The environment without what a make around us has set. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const ofMake = [
    'MAKEFLAGS',
    'MFLAGS',
    'MAKELEVEL',
    'CONFIG',
    'VERSION',
    'A',
    'B',
    'AT',
    'ID',
    'CSV',
    'TARGET',
    'DIR',
    'METRICS',
    'DRIFT',
    'OUT',
    'REF',
    'NEW',
    'APPLY',
    'REASON',
    'DAY',
    'NAME',
    'STAGE',
    'WEIGHT',
    'SPLIT',
    'NODE_TEST_CONTEXT',
  ];
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ofMake.includes(name)));
}
