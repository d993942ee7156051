/** Writes the simulated fleet of examples/fleet: its readings and repairs, and the rows that are asked about. */
import { dirname } from 'node:path';
import { sectionOf } from '../../../lib/config/parse.ts';
import { chapters } from '../../../lib/door.ts';
import { badInput } from '../../../lib/fault.ts';
import { writeCsv } from '../../../lib/files/csv.ts';
import { step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { formatCount } from '../../../lib/words.ts';
import { featuresSection } from '../settings.ts';
import { EVENT_COLUMNS, SPINE_COLUMNS, simulateFleet } from '../simulate-fleet.ts';

/** Each is asked about once a day, for as many days as data.simulation.rows asks for. */
const MACHINES = 120;

step({ chapters }, (project) => {
  const { spine, sources } = sectionOf(project.config, featuresSection);
  const events = Object.values(sources)[0];
  if (events === undefined || spine === '')
    throw badInput(
      `${project.configPath}  is no config of the fleet: make fleet CONFIG=examples/fleet/config.yaml`,
    );
  const { rows, seed } = project.config.data.simulation;
  const fleet = simulateFleet(MACHINES, Math.max(1, Math.round(rows / MACHINES)), seed);
  writeCsv(project.path(events.path), EVENT_COLUMNS, fleet.events);
  writeCsv(project.path(spine), SPINE_COLUMNS, fleet.spine);
  say(
    'fleet',
    `${formatCount(fleet.events.length)} readings and repairs of ${MACHINES} machines, ${formatCount(fleet.spine.length)} rows to ask about: ${dirname(project.path(spine))}`,
  );
});
