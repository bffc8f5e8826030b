// Does the control plane answer a call of gRPC, does it know the certificate of this site, does its clock agree with ours,
// and does the connection stay open? The agent's own stream is not disturbed. Called by examine.ts.
import { askGrpc, type GrpcAnswer } from './ask-grpc.ts';
import { type Finding, finding } from './findings.ts';
import { type Chart, fine, hop, type Look, type Tools, wrong } from './hop.ts';
import { differenceText, maxClockDifferenceMs } from './look-clock.ts';
import { firewallLine, targetOf } from './target.ts';

export const lookAtControlPlane = hop(
  'control plane',
  ['site', 'leaf', 'reached', 'ca'],
  async (chart, tools) => {
    const { site, leaf, reached, ca } = chart;
    const { host } = targetOf(site.address);
    const { address, port } = reached;
    const nowMs = tools.clock.now();
    // An expired one would be refused at the door; it is renewed without it.
    const identity = leaf === null || leaf.notAfterMs < nowMs ? null : leaf.pem;
    const { timeoutMs, keepOpenMs } = tools;
    const question = { address, port, host, ca, timeoutMs };
    const answer = await askGrpc({ ...question, identity, watchMs: keepOpenMs });
    const circumstances = { site, address, nowMs };
    if (answer.kind === 'closed' && identity !== null) {
      // Who shows no certificate is let in: then it was the certificate, and no firewall, for which the door was shut.
      const bare = await askGrpc({ ...question, identity: null, watchMs: 0 });
      if (bare.kind === 'answered') return shutOut(answer.detail, bare, circumstances);
    }
    return judged(answer, circumstances, tools);
  },
);

interface Circumstances extends Pick<Chart, 'site'> {
  readonly address: string;
  /** When it was asked. */
  readonly nowMs: number;
}

async function judged(
  answer: GrpcAnswer,
  { site, address, nowMs }: Circumstances,
  { keepOpenMs }: Tools,
): Promise<Look> {
  const line = await firewallLine(targetOf(site.address), [address]);
  if (answer.kind !== 'answered')
    return answer.kind === 'silent'
      ? wrong(finding('CONTROL_PLANE_SILENT', answer.detail))
      : wrong(finding('CONNECTION_CUT', answer.detail, line));
  const refused = refusal(answer);
  if (refused !== undefined) return wrong(refused);
  const clockOff = clockFinding(answer, nowMs);
  if (clockOff !== undefined) return wrong(clockOff);
  if (answer.cutAfterMs !== null)
    return wrong(finding('CONNECTION_CUT', `after ${(answer.cutAfterMs / 1000).toFixed(1)} s`, line));
  const accepts = answer.code === 'CERTIFICATE_REQUIRED' ? 'answers' : 'answers and accepts this site';
  const clocks = answer.theirTimeMs === undefined ? '' : ' the clocks agree;';
  return fine(`${accepts};${clocks} the connection stayed open for ${keepOpenMs / 1000} s`);
}

type Answered = Extract<GrpcAnswer, { kind: 'answered' }>;

/** A certificate that is good by our clock alone is not good there. */
function shutOut(detail: string, bare: Answered, { nowMs }: Circumstances): Look {
  return wrong(clockFinding(bare, nowMs) ?? finding('LEAF_REFUSED', `the connection was ended: ${detail}`));
}

function clockFinding({ theirTimeMs }: Answered, nowMs: number): Finding | undefined {
  const differenceMs = theirTimeMs === undefined ? 0 : nowMs - theirTimeMs;
  if (Math.abs(differenceMs) <= maxClockDifferenceMs) return undefined;
  return finding('ClockOff', `this clock is ${differenceText(differenceMs)}`);
}

/** What an answer says against us; undefined when it is one of a control plane that works with us. */
function refusal({ httpStatus, grpcStatus, code, message }: Answered): Finding | undefined {
  const said = [`HTTP ${httpStatus}`, ...(grpcStatus === null ? [] : [`gRPC ${grpcStatus}`]), code, message];
  const detail = said.filter((text) => text !== '').join(', ');
  if (code === 'SITE_REVOKED') return finding('SITE_REVOKED', message);
  if (code === 'CERTIFICATE_REQUIRED' && /not one that was issued/.test(message))
    return finding('LEAF_REFUSED', message);
  if (code !== '') return undefined;
  const isAway = httpStatus === 502 || httpStatus === 503 || httpStatus === 504 || grpcStatus === unavailable;
  if (isAway) return finding('CONTROL_PLANE_UNAVAILABLE', detail);
  return finding('NOT_A_CONTROL_PLANE', detail);
}

const unavailable = 14;
