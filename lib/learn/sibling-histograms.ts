/**
 * Class counts of large nodes that look at every feature: only the smaller child of a split is counted, the larger one is its
 * parent without it (Ke et al. 2017, LightGBM, section 2.1).
 */
import type { GiniScanner } from './gini.ts';

/** Rows of a child; a wanted one will be split if it can be. */
export interface ChildRows {
  readonly start: number;
  readonly end: number;
  readonly wanted: boolean;
}

type Histogram = Int32Array | undefined;

/** `size` numbers make up a histogram; nodes of fewer than `minRows` have none, since counting them is as cheap. */
export function siblingHistograms(scanner: GiniScanner, size: number, minRows: number) {
  const spare: Int32Array[] = [];
  const count = (start: number, end: number) =>
    scanner.countAll(start, end, spare.pop() ?? new Int32Array(size));
  const release = (histogram: Histogram) => {
    if (histogram !== undefined) spare.push(histogram);
  };
  const rowsOf = ({ start, end }: ChildRows) => end - start;
  const isWorth = (child: ChildRows) => child.wanted && rowsOf(child) >= minRows;
  return {
    release,
    ofRoot: (start: number, end: number): Histogram =>
      end - start >= minRows ? count(start, end) : undefined,
    /** Takes the parent's histogram, which must not be used after. */
    ofChildren(parent: Histogram, left: ChildRows, right: ChildRows): [Histogram, Histogram] {
      const leftIsSmall = rowsOf(left) <= rowsOf(right);
      const [small, large] = leftIsSmall ? [left, right] : [right, left];
      if (parent === undefined || !isWorth(large)) {
        release(parent);
        return [undefined, undefined];
      }
      const counted = count(small.start, small.end);
      for (let i = 0; i < size; i++) parent[i]! -= counted[i]!;
      if (!isWorth(small)) release(counted);
      const ofSmall = isWorth(small) ? counted : undefined;
      return leftIsSmall ? [ofSmall, parent] : [parent, ofSmall];
    },
  };
}
