// The ports of the control plane are chosen once per data folder: a site must find it again after a restart. The site is
// known by its id, also in folders from before that was kept.
import { readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import { choosePorts, keepSiteId, keptSiteId, layoutOf } from '../../../dev/start/layout.ts';
import { scratch } from '../../support/scratch.ts';

test('ports are kept, differ, and lie where no outgoing connection takes them', async (t) => {
  const layout = layoutOf(scratch(t));
  const ports = await choosePorts(layout);
  t.deepEqual(await choosePorts(layout), ports);
  t.not(ports.agents, ports.people);
  for (const port of [ports.agents, ports.people]) t.true(port >= 20_000 && port < 32_000, `${port}`);
});

test('the id of the site is kept beside the ports, which stay', async (t) => {
  const layout = layoutOf(scratch(t));
  t.is(await keptSiteId(layout), undefined);
  const ports = await choosePorts(layout);
  t.is(await keptSiteId(layout), undefined);
  await keepSiteId(layout, 'a');
  t.is(await keptSiteId(layout), 'a');
  t.deepEqual(await choosePorts(layout), ports);
  t.deepEqual(JSON.parse(readFileSync(layout.settings, 'utf8')), { ...ports, siteId: 'a' });
});

test('a folder from before the id was kept has it in its join file; what is kept goes before that', async (t) => {
  const layout = layoutOf(scratch(t));
  await choosePorts(layout);
  writeFileSync(layout.joinFile, JSON.stringify({ type: 'tre.join/v1', siteId: 'b', siteName: 'demo' }));
  t.is(await keptSiteId(layout), 'b');
  await keepSiteId(layout, 'a');
  t.is(await keptSiteId(layout), 'a');
});
