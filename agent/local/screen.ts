// The screen of `tre-agent status`: plain words for a person who runs a hospital's machines, not Kubernetes. PURE.
// The first line says whether somebody has to do something; everything red says what. Called by status-command.ts.
import type { AgentStatus } from './status.ts';

type Line = readonly [label: string, value: string];

/** The whole screen, without a last line break. */
export function screenOf(status: AgentStatus): string {
  const facts: readonly Line[] = [
    ['Site', siteText(status)],
    ['Control plane', controlPlaneText(status)],
    ['Kubernetes', clusterText(status)],
    ['Wanted', wantedText(status)],
    ['Running', runningText(status)],
    ['Objects', objectsText(status)],
    [
      'Health',
      status.wanted === null ? '' : 'not watched by this version: applied does not mean that it works',
    ],
    ['Last change', lastChangeText(status)],
    ['Kept', status.kept.join(', ')],
    ['Reports', reportsText(status)],
  ];
  const shown = facts.filter(([, value]) => value !== '');
  const blocks = [
    headline(status),
    shown.map(([label, value]) => `${`${label}:`.padEnd(labelWidth)}${value}`).join('\n'),
    ...matters(status),
  ];
  return blocks.join('\n\n');
}

const labelWidth = 16;

function headline({ conditions, applied, wanted, isRed, fingerprint, cluster }: AgentStatus): string {
  if (isRed) return `RED: ${conditions.find(({ severity }) => severity === 'error')?.text ?? ''}`;
  const warning = conditions.find(({ severity }) => severity === 'warning');
  if (warning !== undefined) return `ATTENTION: ${warning.text}`;
  if (fingerprint !== null)
    return 'WAITING: read the six words below to the operator, who approves this machine.';
  if (wanted === null) return 'READY: nothing is wanted from this site yet.';
  if (cluster.state === 'unknown') return 'STARTING: this agent has not looked at Kubernetes yet.';
  return applied ? 'GREEN: everything wanted is applied.' : 'WORKING: not everything wanted is applied yet.';
}

function siteText({ site, version }: AgentStatus): string {
  return `${site === null ? 'not joined' : `${site.name} (${site.id})`}, tre-agent ${version}`;
}

function controlPlaneText({ controlPlane, fingerprint, now }: AgentStatus): string {
  const { state, address, lastContact, certificateUntil, code } = controlPlane;
  switch (state) {
    case 'connected':
      return `connected to ${address}, certificate until ${day(certificateUntil)}`;
    case 'pending':
      return `waits for the operator's approval; the six words of this machine: ${fingerprint ?? ''}`;
    case 'refused':
      return `refused this machine (${code ?? ''})`;
    case 'connecting':
      return `connecting to ${address}`;
    case 'unreachable': {
      if (code === 'SITE_REVOKED') return 'the identity of this site was withdrawn; what runs goes on';
      const since =
        lastContact === null
          ? 'not reachable yet'
          : `not reachable since ${minute(lastContact)} (${span(lastContact, now)})`;
      return code === 'CONTROL_PLANE_UNREACHABLE' ? since : `${since}, ${code ?? ''}`;
    }
  }
}

function clusterText({ cluster, now }: AgentStatus): string {
  switch (cluster.state) {
    case 'unknown':
      return 'not looked at yet';
    case 'ready':
      return `${cluster.version ?? ''}, looked at ${span(cluster.lookedAt ?? now, now)} ago`;
    case 'away':
      return `cannot be worked with, tried ${span(cluster.lookedAt ?? now, now)} ago`;
  }
}

function wantedText({ wanted }: AgentStatus): string {
  return wanted === null
    ? 'nothing yet'
    : `${wanted.release}, generation ${wanted.generation}, since ${minute(wanted.since)}`;
}

function runningText({ running, wanted }: AgentStatus): string {
  if (running === null) return wanted === null ? '' : 'nothing is complete yet';
  return `${running.release}, since ${minute(running.since)}`;
}

function objectsText({ wanted, objects, drifted, cluster }: AgentStatus): string {
  if (wanted === null || cluster.state === 'unknown') return '';
  const parts = [`${objects.applied} of ${objects.wanted} applied`];
  if (objects.waiting > 0) parts.push(`${objects.waiting} waiting`);
  if (drifted) parts.push('changed by somebody else, being repaired');
  if (cluster.state === 'away') parts.push('when Kubernetes last answered');
  return parts.join(', ');
}

function lastChangeText({ lastChange }: AgentStatus): string {
  if (lastChange === null) return '';
  const { at, ...counts } = lastChange;
  const parts = Object.entries(counts).flatMap(([what, count]) => (count === 0 ? [] : [`${count} ${what}`]));
  return `${minute(at)}: ${parts.join(', ')}`;
}

function reportsText({ reportsWaiting }: AgentStatus): string {
  if (reportsWaiting === 0) return '';
  return reportsWaiting === 1 ? '1 waits to be sent' : `${reportsWaiting} wait to be sent`;
}

/** One block per condition, the red ones first, then the refusal and what the API server said. */
function matters(status: AgentStatus): readonly string[] {
  const order = { error: 0, warning: 1, info: 2 };
  const sorted = status.conditions.toSorted((one, other) => order[one.severity] - order[other.severity]);
  const conditions = sorted.map(({ code, severity, count, since, text, next, objects }) => {
    const head = `${marks[severity]} ${text} (${[code, ...(count > 0 ? [countText(count)] : []), `since ${minute(since)}`].join(', ')})`;
    const more =
      count > objects.length && objects.length > 0 ? [`    ... and ${count - objects.length} more`] : [];
    return [head, `  ${next}`, ...objects.map((name) => `    ${name}`), ...more].join('\n');
  });
  const problems = status.problems.map(({ object, code, detail }) => `  ${object}: ${code}\n    ${detail}`);
  const said =
    status.cluster.detail === null
      ? []
      : [`The API server could not be worked with:\n  ${status.cluster.detail}`];
  return [
    ...conditions,
    ...refusalBlock(status),
    ...(problems.length === 0 ? [] : [`What the API server said:\n${problems.join('\n')}`]),
    ...said,
    ...troubleBlock(status),
  ];
}

const marks = { error: '!', warning: '*', info: '-' } as const;

function refusalBlock({ refusal }: AgentStatus): readonly string[] {
  if (refusal === null) return [];
  const what = refusal.generation === 0 ? 'a document' : `generation ${refusal.generation}`;
  return [`Refused ${what} at ${minute(refusal.at)}: ${refusal.code}\n  ${refusal.text}\n  ${refusal.next}`];
}

function troubleBlock({ controlPlane }: AgentStatus): readonly string[] {
  return controlPlane.detail === null
    ? []
    : [`What went wrong with the control plane:\n  ${controlPlane.detail}`];
}

function countText(count: number): string {
  return count === 1 ? '1 object' : `${count} objects`;
}

/** `2026-11-23 10:02 UTC`. */
function minute(time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`;
}

function day(time: string | null): string {
  return time === null ? 'unknown' : time.slice(0, 10);
}

/** `4 minutes`: the largest unit that fits. */
function span(from: string, to: string): string {
  const seconds = Math.max(0, Math.floor((Date.parse(to) - Date.parse(from)) / 1000));
  for (const [unit, length] of units) {
    const count = Math.floor(seconds / length);
    if (count >= 1) return `${count} ${unit}${count === 1 ? '' : 's'}`;
  }
  return '0 seconds';
}

const units = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;
