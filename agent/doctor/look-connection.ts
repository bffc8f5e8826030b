// A TCP connection to the control plane, directly, as the agent makes it. One address that answers is enough, as it is
// for the agent; when none does, the first failure names the cause. Called by examine.ts.
import { type FindingCode, finding } from './findings.ts';
import { fine, hop, wrong } from './hop.ts';
import { type Reached, reach } from './reach.ts';
import { firewallLine, targetOf, triedText } from './target.ts';

export const lookAtConnection = hop('connection', ['site', 'addresses'], async (chart, { timeoutMs }) => {
  const { site, addresses, direct } = chart;
  const target = targetOf(site.address);
  const tried = direct ?? (await reachAny(addresses, target.port, timeoutMs));
  const reached = tried.find((one) => one.kind === 'connected');
  if (reached !== undefined) {
    const lost = tried.filter(({ kind }) => kind !== 'connected').map(({ address }) => address);
    const but = lost.length === 0 ? '' : `, but not ${lost.join(', ')}`;
    return fine(`${reached.localAddress} reaches ${reached.address} port ${reached.port}${but}`, { reached });
  }
  const kind = tried[0]?.kind ?? 'no-route';
  return wrong(
    finding(codes[kind] ?? 'TCP_NO_ROUTE', triedText(tried), await firewallLine(target, addresses)),
  );
});

const codes: Partial<Record<Reached['kind'], FindingCode>> = {
  refused: 'TCP_REFUSED',
  silent: 'TCP_FILTERED',
  'no-route': 'TCP_NO_ROUTE',
  closed: 'CONNECTION_CLOSED',
};

/** All at once; in the order of the addresses. */
export function reachAny(
  addresses: readonly string[],
  port: number,
  timeoutMs: number,
): Promise<readonly Reached[]> {
  return Promise.all(addresses.map((address) => reach({ address, port }, timeoutMs)));
}
