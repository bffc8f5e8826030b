// Which services count as open to a public network: the rule as tables.
import test from 'ava';
import { isOpenToPublic, isPublicAddress } from '../../../agent/probe/public-address.ts';

const publicOnes = [
  '8.8.8.8',
  '20.0.0.1',
  '172.15.255.255',
  '172.32.0.1',
  '100.128.0.1',
  '2a00:1450::1',
  '::ffff:8.8.8.8',
];
const closedOnes = [
  '10.1.2.3',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '100.64.0.1',
  '100.127.255.255',
  '127.0.0.1',
  '169.254.169.254',
  '203.0.113.7',
  '0.0.0.0',
  '::1',
  '::',
  'fd00::1',
  'fe80::1',
  '2001:db8::1',
  '::ffff:10.0.0.1',
  '',
  'no address',
  '256.1.1.1',
];

test('addresses that the internet can reach, and those that it cannot', (t) => {
  t.deepEqual(
    publicOnes.filter((address) => !isPublicAddress(address)),
    [],
  );
  t.deepEqual(closedOnes.filter(isPublicAddress), []);
});

interface Given {
  readonly ip?: string;
  readonly hostname?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ranges?: readonly string[];
}

const isOpen = ({ ip, hostname, annotations = {}, ranges = [] }: Given): boolean =>
  isOpenToPublic({
    metadata: { name: 'portal', namespace: 'portal', annotations },
    spec: { loadBalancerSourceRanges: ranges },
    status: {
      loadBalancer: {
        ingress: [{ ...(ip !== undefined && { ip }), ...(hostname !== undefined && { hostname }) }],
      },
    },
  });

const elb = 'k8s-portal-0123456789.elb.eu-west-2.amazonaws.com';
const aws = 'service.beta.kubernetes.io/aws-load-balancer';
const azure = { 'service.beta.kubernetes.io/azure-load-balancer-internal': 'true' };

const open: Readonly<Record<string, Given>> = {
  'a public address': { ip: '20.0.0.1' },
  'a public address, though an annotation asks for an internal one': { ip: '20.0.0.1', annotations: azure },
  'a public address, everyone named': { ip: '20.0.0.1', ranges: ['0.0.0.0/0'] },
  'a public address, everyone named in halves': { ip: '20.0.0.1', ranges: ['0.0.0.0/1', '128.0.0.0/1'] },
  'a public address, a range and everyone else': { ip: '2a00:1450::1', ranges: ['10.0.0.0/8', '::/0'] },
  'a public address, a range that is none': { ip: '20.0.0.1', ranges: ['hospital'] },
  'a name of a cloud': { hostname: elb },
  'a name of a cloud that was asked for a public one': {
    hostname: elb,
    annotations: { [`${aws}-scheme`]: 'internet-facing' },
  },
};
const closed: Readonly<Record<string, Given>> = {
  'no address yet': {},
  'a private address': { ip: '10.0.0.8' },
  'a private address, everyone named': { ip: '10.0.0.8', ranges: ['0.0.0.0/0'] },
  'a public address, for named ranges only': { ip: '20.0.0.1', ranges: ['20.1.0.0/16', '2a00:1450::/32'] },
  'a name of a cloud that was asked for an internal one': {
    hostname: elb,
    annotations: { [`${aws}-scheme`]: 'internal' },
  },
  'the same in the older way': { hostname: elb, annotations: { [`${aws}-internal`]: 'true' } },
  'a name of the house': { hostname: 'portal.hospital.local' },
  'a bare name': { hostname: 'localhost' },
};

for (const [what, given] of Object.entries(open)) test(`open: ${what}`, (t) => t.true(isOpen(given)));
for (const [what, given] of Object.entries(closed)) test(`closed: ${what}`, (t) => t.false(isOpen(given)));

test('one public address among private ones is enough', (t) => {
  const ingress = [{ ip: '10.0.0.1' }, { ip: '20.0.0.1' }];
  t.true(isOpenToPublic({ metadata: { name: 'a' }, status: { loadBalancer: { ingress } } }));
  t.false(isOpenToPublic({ metadata: { name: 'a' } }));
});
