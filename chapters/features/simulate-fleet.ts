/**
 * A fleet of machines: readings every few hours, repairs, and failures that come of wear. Vibration rises with the wear since the last
 * repair and is noisy, so that one reading says little and the history much. Readings are known some hours late at times.
 */
import { random } from '../../lib/numbers/random.ts';

export interface Fleet {
  /** machine, at, known_at, vibration, temperature, repaired */
  readonly events: readonly (readonly string[])[];
  /** row, machine, at, load, vibration now, fails: whether it fails within a day. */
  readonly spine: readonly (readonly string[])[];
}

export const EVENT_COLUMNS = ['machine', 'at', 'known_at', 'vibration', 'temperature', 'repaired'];
export const SPINE_COLUMNS = ['row', 'machine', 'at', 'load', 'vibration_now', 'fails'];

const HOUR = 3_600_000;
const START = Date.UTC(2026, 0, 1);

export function simulateFleet(machines: number, days: number, seed: number): Fleet {
  const events: string[][] = [];
  const spine: { time: number; cells: string[] }[] = [];
  for (let m = 0; m < machines; m++) {
    const rng = random(seed, 'fleet', m);
    const machine = `m-${String(m + 1).padStart(4, '0')}`;
    const pace = 0.6 + 0.8 * rng.float();
    const base = 2 + 0.6 * rng.normal();
    let wear = rng.float() * 4;
    let next = START + rng.float() * 6 * HOUR;
    for (let day = 0; day < days; day++) {
      const dayEnd = START + (day + 1) * 24 * HOUR;
      const load = Math.min(1, Math.max(0.1, 0.6 + 0.2 * rng.normal()));
      while (next < dayEnd) {
        const hours = 3 + 2 * rng.float();
        wear += (pace * load * hours) / 24;
        const vibration = base + 0.35 * wear + 0.9 * rng.normal();
        const late = rng.float() < 0.1 ? rng.float() * 20 : rng.float() * 0.2;
        const isRepair = rng.float() < 0.004 * hours;
        if (isRepair) wear = 0;
        events.push([
          machine,
          iso(next),
          iso(next + late * HOUR),
          vibration.toFixed(3),
          (40 + 10 * load + 2 * rng.normal()).toFixed(2),
          isRepair ? '1' : '0',
        ]);
        next += hours * HOUR;
      }
      // Asked at some moment of the day: does it fail within the next?
      const asked = dayEnd - rng.float() * 6 * HOUR;
      const risk = 1 / (1 + Math.exp(-(1.1 * (wear - 8.5) + 1.5 * (load - 0.6))));
      const fails = rng.float() < risk;
      spine.push({
        time: asked,
        cells: [
          machine,
          iso(asked),
          load.toFixed(3),
          (base + 0.35 * wear + 0.9 * rng.normal()).toFixed(3),
          fails ? '1' : '0',
        ],
      });
      if (fails) {
        wear = 0;
        events.push([
          machine,
          iso(dayEnd - 0.01 * HOUR),
          iso(dayEnd + 2 * HOUR),
          (base + 0.9 * rng.normal()).toFixed(3),
          '40.00',
          '1',
        ]);
      }
    }
  }
  events.sort((a, b) => (a[1]! < b[1]! ? -1 : a[1]! > b[1]! ? 1 : a[0]! < b[0]! ? -1 : 1));
  return {
    events,
    spine: spine
      .sort((a, b) => a.time - b.time || (a.cells[0]! < b.cells[0]! ? -1 : 1))
      .map(({ cells }, i) => [String(i + 1), ...cells]),
  };
}

function iso(time: number): string {
  return new Date(Math.round(time / 1000) * 1000).toISOString().replace('.000', '');
}
