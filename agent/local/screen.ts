// The screen of `tre-agent status`: plain words for a person who runs a hospital's machines, not Kubernetes. PURE.
// The first line says whether somebody has to do something; everything red says what. Text breaks between words at the
// width of the screen and is never cut. Called by status-command.ts.

import type { AgentStatus, VerdictWord } from './agent-status.ts';
import { plain } from './paint.ts';
import { componentsBlock, healthText } from './screen-health.ts';
import { isolationText, machineText } from './screen-machine.ts';
import { mattersOf } from './screen-matters.ts';
import { ago, minute, sooner, span } from './screen-words.ts';
import { labelled, type ScreenOptions, wrapped } from './wrap.ts';

export const plainScreen: ScreenOptions = { width: 80, paint: plain };

/** The whole screen, without a last line break. */
export function screenOf(status: AgentStatus, options: ScreenOptions = plainScreen): string {
  const facts: readonly (readonly [label: string, value: string])[] = [
    ['Site', siteText(status)],
    ['Control plane', controlPlaneText(status)],
    ['Kubernetes', clusterText(status)],
    ['Wanted', wantedText(status)],
    ['Running', runningText(status)],
    ['Objects', objectsText(status)],
    ['Health', healthText(status, options.paint)],
    ['Isolation', isolationText(status, options.paint)],
    ['Machine', machineText(status)],
    ['On hold', holdText(status)],
    ['Ends next', expiryText(status)],
    ['Last change', lastChangeText(status)],
    ['Kept', status.kept.join(', ')],
    ['Reports', reportsText(status)],
  ];
  const blocks = [
    headline(status, options),
    facts
      .filter(([, value]) => value !== '')
      .map(([label, value]) => labelled(label, value, options.width))
      .join('\n'),
    ...componentsBlock(status, options),
    ...mattersOf(status, options),
  ];
  return blocks.join('\n\n');
}

const colours: Readonly<Record<VerdictWord, 'red' | 'amber' | 'green'>> = {
  GREEN: 'green',
  RED: 'red',
  ATTENTION: 'amber',
  WAITING: 'amber',
  READY: 'amber',
  STARTING: 'amber',
  WORKING: 'amber',
  UNKNOWN: 'amber',
};

/** The first line, and what to do when there is something. */
export function headline({ verdict }: AgentStatus, { width, paint }: ScreenOptions): string {
  const { word, text, next } = verdict;
  const first = wrapped(`${paint(colours[word], `${word}:`)} ${text}`, width, 2);
  return next === '' ? first : `${first}\n${wrapped(`  ${next}`, width, 2)}`;
}

function siteText({ site, version }: AgentStatus): string {
  return `${site === null ? 'not joined' : `${site.name} (${site.id})`}, tre-agent ${version}`;
}

function controlPlaneText({ controlPlane, fingerprint, now }: AgentStatus): string {
  const { state, address, lastContact, code } = controlPlane;
  switch (state) {
    case 'connected':
      return `connected to ${address}`;
    case 'pending':
      return `waits for the operator's approval; the six words of this machine: ${fingerprint ?? ''}`;
    case 'refused':
      return `refused this machine (${code ?? ''})`;
    case 'connecting':
      return `connecting to ${address}`;
    case 'unreachable': {
      if (code === 'SITE_REVOKED') return 'the identity of this site was withdrawn; what runs goes on';
      if (code === 'DISK_FULL') return 'nothing is sent while the disk is full: no copy could be kept';
      const since =
        lastContact === null
          ? 'not reachable yet'
          : `not reachable since ${minute(lastContact)} (${span(lastContact, now)})`;
      return code === 'CONTROL_PLANE_UNREACHABLE' ? since : `${since}, ${code ?? ''}`;
    }
  }
}

function clusterText({ cluster, now }: AgentStatus): string {
  const looked = ago(cluster.lookedAt, now);
  switch (cluster.state) {
    case 'unknown':
      return 'not looked at yet';
    case 'ready':
      return `${cluster.version ?? ''}, ${cluster.isOld ? 'last ' : ''}looked at ${looked}`;
    case 'away':
      return `cannot be worked with, ${cluster.isOld ? 'last ' : ''}tried ${looked}`;
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
  else if (cluster.isOld) parts.push('when last looked at');
  return parts.join(', ');
}

function holdText({ hold, now }: AgentStatus): string {
  if (hold === null) return '';
  return `no new releases until ${minute(hold.until)} (${sooner(hold.until, now)}): ${hold.why}`;
}

/** What a person need not do about it. */
const expiryWords = {
  certificate: 'it renews itself while connected',
  hold: 'it ends by itself',
  document: 'what runs goes on',
} as const;

function expiryText({ expires, now, conditions }: AgentStatus): string {
  const isWithdrawn = conditions.some(({ code }) => code === 'SiteRevoked');
  return expires
    .map(({ what, at }) => {
      const words = what === 'certificate' && isWithdrawn ? 'it was withdrawn' : expiryWords[what];
      return `${what} ${minute(at)} (${sooner(at, now)}; ${words})`;
    })
    .join(', ');
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
