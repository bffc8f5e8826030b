// Health and isolation are two things: a site on a real node without an engine for network policies is healthy, and its
// screen is red; with one it is green. The nodes change in between, which calls for another trial.
import { execPath } from 'node:process';
import test from 'ava';
import { environment } from '../../daemon/config.ts';
import { systemExec } from '../../daemon/exec.ts';
import { programs } from '../../dev/start/commands.ts';
import { eventually } from '../support/eventually.ts';
import { enforcePolicies } from '../support/policy-enforcer.ts';
import { configMap, writeSource } from '../support/release-source.ts';
import { type RunningFleet, runningFleet, type SiteDetail } from '../support/running-fleet.ts';

const exec = systemExec(environment());
/** A minute for the trial, and then the report. */
const trialBarMs = 70_000;

async function screenOf({
  layout,
}: RunningFleet): Promise<{ readonly code: number | null; readonly text: string }> {
  const args = [programs.agent, 'status', '--socket', layout.agentSocket];
  const { code, stdout } = await exec.run(execPath, args, { timeoutMs: 20_000 });
  // Lines are broken to fit.
  return { code, text: stdout.replaceAll(/\s+/g, ' ') };
}

const codes = ({ state }: SiteDetail): readonly string[] => (state?.conditions ?? []).map(({ code }) => code);

test.serial('healthy and red without enforcement, healthy and green with it', async (t) => {
  t.timeout(280_000);
  const fleet = await runningFleet(t, {}, 'real');
  const { admin, nodeNamespace, realNode } = fleet.kubernetes;
  const files = { 'release.yaml': releaseText, 'app/settings.yaml': configMap('settings') };
  const { release } = await fleet.publish(writeSource(t, files));
  await fleet.assign(release);
  const tried = (verdict: string) =>
    fleet.until(
      ({ state }) => state?.healthy === true && state.isolation?.networkPolicy === verdict,
      trialBarMs,
    );

  const without = await tried('not-enforced');
  t.is(without.verdict.word, 'healthy');
  t.true(codes(without).includes('NetworkPolicyNotEnforced'));
  const red = await screenOf(fleet);
  t.is(red.code, 1);
  t.regex(red.text, /network policies are not enforced/);
  t.regex(red.text, /a pod was reached although its policy forbids it; a pod reached out/);

  await fleet.agent.stop();
  await using _ = await enforcePolicies({ admin, enter: ['nsenter', `--net=${nodeNamespace}`] });
  const node = `/api/v1/nodes/${realNode?.name}`;
  await realNode?.kubelet.kill();
  await admin.request({ method: 'DELETE', path: node });
  await realNode?.kubelet.start(fleet.signal);
  const isThere = async (): Promise<boolean> => (await admin.request({ path: node })).status === 200;
  await eventually(isThere, { what: 'the node has joined anew', timeoutMs: 30_000 });
  await fleet.agent.start(fleet.signal);
  const withOne = await tried('enforced');
  t.is(withOne.verdict.word, 'healthy');
  t.false(codes(withOne).includes('NetworkPolicyNotEnforced'));
  t.regex((await screenOf(fleet)).text, /network policies are enforced/);
});

const releaseText = `name: sample
version: "1.0.0"
kubernetes: ["1.36"]
components:
  - {name: app, path: app, namespace: default}
`;
