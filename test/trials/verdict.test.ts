// What the operator is told of a real site: healthy as soon as it is, no longer than somebody looks, and again when the
// site is back; and the alert when nobody hears of it is left to a faster clock (test/control-plane/tasks).

import test from 'ava';
import type { SiteView } from '../../control-plane/api/site-schema.ts';
import { liveForMs } from '../../control-plane/fleet/staleness.ts';
import { eventually, inSeconds } from '../support/eventually.ts';
import { configMap, writeSource } from '../support/release-source.ts';
import { type RunningFleet, runningFleet } from '../support/running-fleet.ts';

const newsBarMs = 15_000;

const files = {
  'release.yaml': [
    'name: verdict',
    'version: "1.0.0"',
    'kubernetes: ["1.36"]',
    'components:',
    '  - {name: app, path: app, namespace: verdict}',
  ].join('\n'),
  'app/namespace.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: verdict\n',
  'app/one.yaml': configMap('one'),
};

async function verdictOf(fleet: RunningFleet): Promise<SiteView['verdict']> {
  return ((await fleet.site()) as unknown as SiteView).verdict;
}

test.serial('healthy is news while somebody looks, and for three heartbeats after', async (t) => {
  t.timeout(280_000);
  const fleet = await runningFleet(t, { TRE_AGENT_RECONNECT_CAP: '2s' });
  const release = await fleet.publish(writeSource(t, files));
  await fleet.applied(await fleet.assign(release.release));
  const isNews = async () => {
    const { word, isNews: news } = await verdictOf(fleet);
    return word === 'healthy' && news;
  };
  const bar = { what: 'healthy as news', timeoutMs: newsBarMs };
  t.log(`healthy as news ${inSeconds(await eventually(isNews, bar))} after it was applied`);

  await fleet.agent.kill();
  const killedAtMs = Date.now();
  let saidUntilMs = 0;
  while (Date.now() - killedAtMs < liveForMs + 5_000) {
    const said = await verdictOf(fleet);
    if (said.isNews) {
      saidUntilMs = Date.now();
      t.true(saidUntilMs - Date.parse(said.asOf ?? '') <= liveForMs + 1_000, JSON.stringify(said));
    } else t.regex(said.text, /^was healthy at .*; (nothing heard for|not looked at since)/);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  t.log(`said as news for ${inSeconds(saidUntilMs - killedAtMs)} after the agent was killed`);
  t.true(saidUntilMs - killedAtMs < liveForMs + 1_000);
  t.false(await isNews());

  await fleet.agent.start(fleet.signal);
  t.log(`healthy as news ${inSeconds(await eventually(isNews, bar))} after the agent was started again`);
});
