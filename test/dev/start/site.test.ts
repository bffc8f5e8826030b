// Which site a start goes on with: the one of its data folder, whatever it is called now; never a second one. The
// commands are stood in for; system tests run them.
import { writeFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../../daemon/clock.ts';
import type { Fleet } from '../../../dev/start/fleet.ts';
import { choosePorts, keepSiteId, keptSiteId, layoutOf } from '../../../dev/start/layout.ts';
import { joinSite } from '../../../dev/start/site.ts';
import { scratch } from '../../support/scratch.ts';

interface Site {
  readonly id: string;
  readonly name: string;
  readonly joined: boolean;
  readonly revokedAt: string | null;
}

const own: Site = { id: 'id-1', name: 'leeds', joined: true, revokedAt: null };
const other: Site = { id: 'id-2', name: 'york', joined: true, revokedAt: null };
const enough = new Error('far enough');

/** A fleet whose control plane has these sites; `said` is what trectl was asked. An agent that starts ends the test. */
async function standIn(t: ExecutionContext, sites: readonly Site[]) {
  const layout = layoutOf(scratch(t));
  await choosePorts(layout);
  const said: string[] = [];
  const trectl = (...args: string[]): Promise<string> => {
    said.push(args.slice(0, 3).join(' '));
    return Promise.resolve('');
  };
  const trectlJson = async (...args: string[]): Promise<unknown> => {
    await trectl(...args);
    return args[1] === 'list' ? sites : { ...own, name: args[2], joined: false };
  };
  const agent = { start: () => Promise.reject(enough) };
  const fleet = { layout, commands: { trectl, trectlJson }, agent } as unknown as Fleet;
  const going = () =>
    joinSite(
      { ...fleet, agent: { ...agent, start: () => Promise.resolve() } } as never,
      systemClock,
      AbortSignal.timeout(1_000),
    );
  const beginning = () => joinSite(fleet, systemClock, AbortSignal.timeout(1_000));
  return { layout, said, going, beginning };
}

test('the first time it is created, and its id kept before anything else is done with it', async (t) => {
  const { layout, said, beginning } = await standIn(t, [other]);
  await t.throwsAsync(beginning, { is: enough });
  t.deepEqual(said, ['site list', 'site create demo-hospital', 'site join-file id-1']);
  t.is(await keptSiteId(layout), 'id-1');
});

test('a start that was broken off before the id was kept finds its site by the name that it gave', async (t) => {
  const { layout, said, beginning } = await standIn(t, [
    other,
    { ...own, name: 'demo-hospital', joined: false },
  ]);
  await t.throwsAsync(beginning, { is: enough });
  t.deepEqual(said, ['site list', 'site join-file id-1']);
  t.is(await keptSiteId(layout), 'id-1');
});

test('a renamed site goes on, also when another one has its former name', async (t) => {
  const { layout, said, going } = await standIn(t, [{ ...other, name: 'demo-hospital' }, own]);
  await keepSiteId(layout, own.id);
  t.is((await going()).siteId, own.id);
  t.deepEqual(said, ['site list']);
});

test('a folder from before the id was kept goes on with the site of its join file, and keeps its id', async (t) => {
  const { layout, said, going } = await standIn(t, [other, own]);
  writeFileSync(layout.joinFile, JSON.stringify({ siteId: own.id }));
  t.is((await going()).siteId, own.id);
  t.deepEqual(said, ['site list']);
  writeFileSync(layout.joinFile, '{}');
  t.is(await keptSiteId(layout), own.id);
});

test('a site that was deleted or withdrawn is told with what to do, and none is made in its place', async (t) => {
  const deleted = await standIn(t, [other]);
  await keepSiteId(deleted.layout, own.id);
  await t.throwsAsync(deleted.beginning, { message: /it was deleted\. .*npm start -- --data DIR/ });
  t.deepEqual(deleted.said, ['site list']);
  const withdrawn = await standIn(t, [{ ...own, joined: false, revokedAt: '2026-11-23T10:00:00Z' }]);
  await keepSiteId(withdrawn.layout, own.id);
  const message = /^SITE_REVOKED: The identity of leeds was withdrawn\. .*npm start -- --data DIR/;
  await t.throwsAsync(withdrawn.beginning, { message });
  t.deepEqual(withdrawn.said, ['site list']);
});
