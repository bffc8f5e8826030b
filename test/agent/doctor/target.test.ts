// The line for the people who run the firewall: what it says of either end, word for word.
import test from 'ava';
import { firewallLine, isThisMachine, nameServerLine, targetOf } from '../../../agent/doctor/target.ts';

test('host and port of an address', (t) => {
  t.deepEqual(targetOf('tre.example:7443'), { host: 'tre.example', port: 7443 });
  t.deepEqual(targetOf('[2001:db8::1]:443'), { host: '2001:db8::1', port: 443 });
});

test('it names both ends, and the addresses of a name', async (t) => {
  const target = { host: 'tre.example', port: 7443 };
  t.is(
    await firewallLine(target, ['127.0.0.1']),
    'allow TCP from this machine (127.0.0.1) to tre.example (127.0.0.1) port 7443, TLS not inspected',
  );
  t.is(
    await firewallLine(target, []),
    'allow TCP from this machine to tre.example port 7443, TLS not inspected',
  );
});

test('our address is that on the way to the first address to which there is a way', async (t) => {
  t.regex(
    await firewallLine({ host: 'tre.example', port: 7443 }, ['255.255.255.255', '127.0.0.1']),
    /from this machine \(127\.0\.0\.1\) to tre\.example \(255\.255\.255\.255, 127\.0\.0\.1\) port 7443/,
  );
});

test('a name server on this machine is behind no firewall', async (t) => {
  t.is(
    await nameServerLine(['127.0.0.53']),
    'allow UDP and TCP from this machine to its name servers port 53',
  );
  t.regex(await nameServerLine(['127.0.0.53', '192.0.2.53']), / to 192\.0\.2\.53 port 53$/);
});

test('addresses that never leave this machine', (t) => {
  for (const address of ['127.0.0.53', '0.0.0.0', '::1', '::']) t.true(isThisMachine(address), address);
  for (const address of ['192.0.2.1', '2001:db8::1', '10.0.0.1']) t.false(isThisMachine(address), address);
});
