/** Numbers as people write them in tables: with units, currencies, thousands separators and either decimal sign. */
import { parseNumber } from '../../lib/data/columns.ts';

const WRITTEN = /^([$€£¥₹]?)\s*([+-]?)\s*(\d[\d.,]*)\s*(%|[^\d\s.,+-][^\d,]{0,11})?$/u;
const POINT = /^\d+(\.\d+)?$/;
const POINT_THOUSANDS = /^\d{1,3}(,\d{3})+(\.\d+)?$/;
const COMMA = /^\d+(,\d+)?$/;
const COMMA_THOUSANDS = /^\d{1,3}(\.\d{3})+(,\d+)?$/;

/** One cell read with either decimal sign; undefined where that sign does not fit. */
export interface WrittenNumber {
  readonly point: number | undefined;
  readonly comma: number | undefined;
  /** Currency before and unit behind; '' for none. */
  readonly before: string;
  readonly behind: string;
  readonly hasThousands: { readonly point: boolean; readonly comma: boolean };
}

/** Undefined for what is no number, and for whole numbers too long to be held exactly. */
export function readWritten(cell: string): WrittenNumber | undefined {
  const plain = parseNumber(cell);
  if (plain !== undefined && !/\./.test(cell)) {
    if (Number.isInteger(plain) && !Number.isSafeInteger(plain)) return undefined;
    return {
      point: plain,
      comma: plain,
      before: '',
      behind: '',
      hasThousands: { point: false, comma: false },
    };
  }
  const [, before = '', sign = '', digits = '', behind = ''] = WRITTEN.exec(cell) ?? [];
  if (digits === '') {
    // What is left of numbers has an exponent.
    if (plain === undefined) return undefined;
    return {
      point: plain,
      comma: undefined,
      before: '',
      behind: '',
      hasThousands: { point: false, comma: false },
    };
  }
  const value = (text: string) => (sign === '-' ? -1 : 1) * Number(text);
  const isPointThousands = POINT_THOUSANDS.test(digits);
  const isCommaThousands = COMMA_THOUSANDS.test(digits);
  return {
    point: POINT.test(digits) || isPointThousands ? value(digits.replaceAll(',', '')) : undefined,
    comma:
      COMMA.test(digits) || isCommaThousands
        ? value(digits.replaceAll('.', '').replace(',', '.'))
        : undefined,
    before,
    behind: behind.trim(),
    hasThousands: { point: isPointThousands, comma: isCommaThousands },
  };
}
