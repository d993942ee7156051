/** CSV written field by field into bytes: quotes where RFC 4180 asks for them, numbers as JavaScript writes them. */
import { csvFormatRow } from 'd3-dsv';

export interface CsvWriter {
  text(cell: string): void;
  number(value: number): void;
  /** A cell that encode() has made. */
  encoded(cell: Uint8Array): void;
  endRecord(): void;
  /** A whole record of texts. */
  record(cells: readonly string[]): void;
  /** A text as the bytes of its cell. */
  encode(cell: string): Uint8Array;
  /** Hands over what is left. */
  end(): void;
}

const PIECE = 1 << 20;
/** Room that any number takes. */
const NUMBER_ROOM = 32;
const [LF, COMMA, MINUS, POINT, ZERO] = [10, 44, 45, 46, 48];
const MOST_DECIMALS = 6;
const EXACT = 1e15;
const POWERS_OF_TEN = Float64Array.from({ length: 16 }, (_, i) => 10 ** i);

/** `sink` gets the bytes in pieces; a piece is its own until it returns. */
export function csvWriter(sink: (piece: Uint8Array) => void): CsvWriter {
  const bytes = Buffer.allocUnsafe(PIECE);
  let at = 0;
  let isFirst = true;
  /** Decimals of the last number, which the next one likely has too. */
  let likely = 0;

  const flush = () => {
    if (at > 0) sink(bytes.subarray(0, at));
    at = 0;
  };
  const startField = (room: number) => {
    if (at + room + 1 > PIECE) flush();
    if (!isFirst) bytes[at++] = COMMA;
    isFirst = false;
  };
  const encode = (cell: string) => Buffer.from(csvFormatRow([cell]));
  const encoded = (cell: Uint8Array) => {
    startField(cell.length);
    if (cell.length > PIECE - at) {
      flush();
      sink(cell);
      return;
    }
    for (let i = 0; i < cell.length; i++) bytes[at++] = cell[i]!;
  };
  /** Digits of a whole number below 1e15, the last `decimals` of them behind a point. */
  const digits = (whole: number, decimals: number) => {
    const fewest = decimals > 0 ? decimals + 1 : 1;
    let count = fewest;
    while (count < POWERS_OF_TEN.length && POWERS_OF_TEN[count]! <= whole) count++;
    let i = at + count + (decimals > 0 ? 1 : 0);
    at = i;
    let left = decimals;
    let rest = whole;
    // Beyond 32 bits a digit costs four times as much.
    for (; rest > 0x7fffffff; count--) {
      const tenth = Math.floor(rest / 10);
      bytes[--i] = ZERO + (rest - tenth * 10);
      rest = tenth;
      if (--left === 0) bytes[--i] = POINT;
    }
    for (let small = rest | 0; count > 0; count--) {
      const tenth = (small / 10) | 0;
      bytes[--i] = ZERO + (small - tenth * 10);
      small = tenth;
      if (--left === 0) bytes[--i] = POINT;
    }
  };

  const text = (cell: string) => encoded(encode(cell));
  const endRecord = () => {
    if (at + 1 > PIECE) flush();
    bytes[at++] = LF;
    isFirst = true;
  };

  return {
    encode,
    encoded,
    text,
    number(value) {
      startField(NUMBER_ROOM);
      const size = Math.abs(value);
      let decimals = decimalsOf(size, likely);
      if (decimals < 0) {
        at += bytes.write(String(value), at, 'latin1');
        return;
      }
      likely = decimals;
      let whole = Math.round(size * POWERS_OF_TEN[decimals]!);
      for (; decimals > 0 && whole % 10 === 0; decimals--) whole /= 10;
      if (value < 0) bytes[at++] = MINUS;
      digits(whole, decimals);
    },
    endRecord,
    record(cells) {
      for (const cell of cells) text(cell);
      endRecord();
    },
    end: flush,
  };
}

/**
 * Decimals enough to write a number of at most 15 digits exactly; −1 where six are too few. A decimal of 15 digits that
 * gives the number back is the shortest one that does, so these are the digits that String() would write.
 */
function decimalsOf(size: number, likely: number): number {
  for (let decimals = likely; decimals <= MOST_DECIMALS; decimals++) {
    const power = POWERS_OF_TEN[decimals]!;
    const whole = Math.round(size * power);
    if (whole >= EXACT) return -1;
    if (whole / power === size) return decimals;
  }
  return -1;
}
