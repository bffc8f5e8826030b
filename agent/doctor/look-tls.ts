// The TLS handshake with the control plane: does it show the CA that the join file named, a certificate in date and for
// this name, and HTTP/2? What a device on the way does to the traffic shows here first. Called by examine.ts.
import { X509Certificate } from 'node:crypto';
import { fingerprint, isIssuedBy } from '../../daemon/tls.ts';
import { time } from '../local/status-words.ts';
import { askForTime } from './ask-grpc.ts';
import { type Finding, type FindingCode, finding } from './findings.ts';
import { type Chart, fine, hop, type Look, type Tools, wrong } from './hop.ts';
import { differenceText, maxClockDifferenceMs } from './look-clock.ts';
import { type Handshake, type HandshakeOptions, type PeerCertificate, shakeHands } from './reach.ts';
import { firewallLine, targetOf } from './target.ts';

export const lookAtTls = hop('tls', ['site', 'addresses', 'reached'], async (chart, tools) => {
  const { site, addresses, reached } = chart;
  const target = targetOf(site.address);
  const { address, port } = reached;
  const line = await firewallLine(target, addresses);
  const options = { address, port, host: target.host, ca: null, timeoutMs: tools.timeoutMs };
  const first = await shakeHands(options);
  if (first.kind !== 'done') return wrong(await failedHandshake(first, options, line));
  const ca = judge(first.chain, site);
  const [leaf] = first.chain;
  if (ca === undefined || leaf === undefined)
    return wrong(
      finding('CA_MISMATCH', `the certificate there was issued by ${leaf?.issuer ?? 'nobody'}`, line),
    );
  if (!first.hasHttp2) return wrong(finding('HTTP2_MISSING', `${address} port ${port}`, line));
  const second = await shakeHands({ ...options, ca });
  const untrusted = second.kind === 'done' ? second.untrusted : second.detail;
  if (untrusted === null) return fine(`certificate until ${time(leaf.notAfterMs)}`, { ca });
  return badCertificate({ untrusted, leaf, line, options: { ...options, ca } }, tools);
});

/** The pinned CA, PEM, when what was shown is of it: found by the digest of the join file, or by the certificate that is kept. */
export function judge(
  chain: readonly PeerCertificate[],
  { ca, caDigest }: Pick<Chart['site'], 'ca' | 'caDigest'>,
): string | undefined {
  const shown = chain.find(({ isAuthority, der }) => isAuthority && fingerprint(der) === caDigest);
  if (shown !== undefined) return shown.pem;
  const pinned = ca === null ? '' : new X509Certificate(ca).toString();
  const [leaf] = chain;
  return leaf !== undefined && isIssuedBy(leaf.pem, pinned) ? pinned : undefined;
}

const codes: Readonly<Record<Exclude<Handshake['kind'], 'done'>, FindingCode>> = {
  silent: 'TLS_SILENT',
  closed: 'CONNECTION_CLOSED',
  'not-tls': 'NOT_TLS',
  'too-old': 'TLS_TOO_OLD',
  'no-http2': 'HTTP2_MISSING',
  refused: 'TLS_REFUSED',
};

/** What offers only TLS 1.2 may be asked for its certificate, which names it. */
async function failedHandshake(
  { kind, detail }: Exclude<Handshake, { kind: 'done' }>,
  options: HandshakeOptions,
  line: string,
): Promise<Finding> {
  const where = `${options.address} port ${options.port}`;
  const older = kind === 'too-old' ? await shakeHands({ ...options, minVersion: 'TLSv1.2' }) : undefined;
  const issuer = older?.kind === 'done' ? older.chain[0]?.issuer : undefined;
  const more = issuer === undefined ? detail : `its certificate was issued by ${issuer}`;
  return finding(codes[kind], `${where}: ${more}`, line);
}

interface BadCertificate {
  readonly untrusted: string;
  readonly leaf: PeerCertificate;
  readonly line: string;
  readonly options: HandshakeOptions & { readonly ca: string };
}

/** Issued by the right CA, and still not good: the dates or the name. The other side tells whose clock is wrong. */
async function badCertificate(
  { untrusted, leaf, line, options }: BadCertificate,
  tools: Tools,
): Promise<Look> {
  if (untrusted === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return wrong(finding('SERVER_NAME_WRONG', `it is for ${leaf.names}, asked for was ${options.host}`));
  const nowMs = tools.clock.now();
  const dates = `the certificate there is good from ${time(leaf.notBeforeMs)} until ${time(leaf.notAfterMs)}`;
  if (nowMs >= leaf.notBeforeMs && nowMs <= leaf.notAfterMs)
    return wrong(finding('CA_MISMATCH', `${dates}, but ${untrusted}`, line));
  const theirsMs = await askForTime(options);
  const differenceMs = theirsMs === undefined ? 0 : nowMs - theirsMs;
  if (Math.abs(differenceMs) > maxClockDifferenceMs)
    return wrong(finding('ClockOff', `this clock is ${differenceText(differenceMs)}; ${dates}`));
  if (nowMs < leaf.notBeforeMs) return wrong(finding('ClockOff', `it is ${time(nowMs)} here, and ${dates}`));
  return wrong(finding('SERVER_CERTIFICATE_EXPIRED', dates));
}
