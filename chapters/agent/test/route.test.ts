/** POST /monitor, as it is promised. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorsAreNamed, posted, routesKeepTheirWord } from '../../../test/contract/contract.ts';
import { served } from '../../../test/contract/served.ts';
import { agentRoutes } from '../route.ts';
import { agentSection } from '../settings.ts';

const make = () => served({ more: [agentRoutes], additions: [{ section: agentSection }] });

routesKeepTheirWord('agent', make);
errorsAreNamed('agent', make, [
  ['monitor', '/monitor', posted('{"metrics":1}'), 400],
  ['monitor', '/monitor', posted('{"metrics":[],"drift":{}}'), 400],
]);

test('without a body the last runs of make monitor are looked at', async () => {
  const { app } = await make();
  const plan = (await (await app.request('/monitor', { method: 'POST' })).json()) as { status: string };
  assert.equal(plan.status, 'inconclusive', 'there is no run yet');
});
