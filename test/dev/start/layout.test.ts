// The ports of the control plane are chosen once per data folder: a site must find it again after a restart.
import test from 'ava';
import { choosePorts, layoutOf } from '../../../dev/start/layout.ts';
import { scratch } from '../../support/scratch.ts';

test('ports are kept, differ, and lie where no outgoing connection takes them', async (t) => {
  const layout = layoutOf(scratch(t));
  const ports = await choosePorts(layout);
  t.deepEqual(await choosePorts(layout), ports);
  t.not(ports.agents, ports.people);
  for (const port of [ports.agents, ports.people]) t.true(port >= 20_000 && port < 32_000, `${port}`);
});
