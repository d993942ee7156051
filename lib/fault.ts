/** What went wrong, for a person: an expected failure ends a program with its message and exit code, no stack. */
export class Fault extends Error {
  readonly code: number;

  constructor(message: string, code: number) {
    super(message);
    this.code = code;
  }
}

export const FAILED = 1;
export const BAD_INPUT = 2;
export const MISSED = 3;
export const BUSY = 75;

/** Bad config or input: exit 2. */
export function badInput(message: string): Fault {
  return new Fault(message, BAD_INPUT);
}

/** Anything else a person can act on: exit 1. */
export function failed(message: string): Fault {
  return new Fault(message, FAILED);
}
