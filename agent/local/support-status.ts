// The status as support may have it: codes, counts, times and figures, and none of the words that a screen has. PURE.
// Law: every field is picked by hand, so that one that is added to the status later stays here. Called by
// support-command.ts.
import { hardwareFacts, isHardwareName } from '../../proto/measures.ts';
import type { AgentStatus } from './agent-status.ts';

export function supportStatus(status: AgentStatus) {
  const { controlPlane, cluster, health, isolation, machine, refusal, site, wanted } = status;
  return {
    now: status.now,
    version: status.version,
    verdict: status.verdict.word,
    site: site?.id ?? null,
    controlPlane: {
      state: controlPlane.state,
      code: controlPlane.code,
      lastContact: controlPlane.lastContact,
      certificateUntil: controlPlane.certificateUntil,
    },
    document:
      wanted === null ? null : { generation: wanted.generation, epoch: wanted.epoch, release: wanted.digest },
    cluster: {
      state: cluster.state,
      // What the API server calls itself, when that is a version.
      version: /^v\d+(\.\d+){1,2}[\w.+-]{0,40}$/.test(cluster.version ?? '') ? cluster.version : null,
      lookedAt: cluster.lookedAt,
    },
    applied: status.applied,
    drifted: status.drifted,
    objects: status.objects,
    components: status.components.map(countsOf),
    health: {
      state: health.state,
      lookedAt: health.lookedAt,
      current: health.current,
      objects: health.objects,
      troubles: health.troubles.map(({ status: kind, reason, since }) => ({ status: kind, reason, since })),
    },
    isolation:
      isolation === null ? null : { networkPolicy: isolation.networkPolicy, checkedAt: isolation.checkedAt },
    hold: status.hold === null ? null : { since: status.hold.since, until: status.hold.until },
    conditions: status.conditions.map(({ code, count, since }) => ({ code, count, since })),
    problems: status.problems.map(({ code }) => code),
    refusal: refusal === null ? null : { code: refusal.code, generation: refusal.generation, at: refusal.at },
    reportsWaiting: status.reportsWaiting,
    measures: (machine?.measures ?? []).map(({ name, value, unit, source }) => ({
      name,
      value,
      unit,
      source,
    })),
    hardware: (machine?.hardware ?? []).flatMap(({ name, value, source }) =>
      isHardwareName(name) && !hardwareFacts[name].identifying ? [{ name, value, source }] : [],
    ),
  };
}

/** A component without its name. */
function countsOf({ applied, healthy, drifted, objects }: AgentStatus['components'][number]) {
  return { applied, healthy, drifted, objects };
}
