/** Reads a CSV record by record, for its speed and peak memory. Prints one JSON object. */
import { statSync } from 'node:fs';
import { readRecords } from '../lib/files/csv.ts';

const path = process.argv[2]!;
const start = performance.now();
let records = 0;
readRecords(path, () => {
  records++;
});
const seconds = (performance.now() - start) / 1000;
const megabytes = statSync(path).size / 1e6;
console.log(
  JSON.stringify({
    records,
    megabytes,
    mb_per_second: megabytes / seconds,
    memory_mb: process.resourceUsage().maxRSS / 1024,
  }),
);
