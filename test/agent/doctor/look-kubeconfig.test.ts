// A kubeconfig whose command for credentials fails: why is said, what it printed is not.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Chart } from '../../../agent/doctor/hop.ts';
import { lookAtKubeconfig } from '../../../agent/doctor/look-kubeconfig.ts';
import { doctorTools } from '../../support/doctor-tools.ts';
import { scratch } from '../../support/scratch.ts';

const failing = test.macro({
  title: (given) => `credentials: ${given}`,
  async exec(t, command: string, args: readonly string[], why: RegExp) {
    const kubeconfig = join(scratch(t), 'kubeconfig');
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command, args, interactiveMode: 'Never' };
    const config = {
      'current-context': 'a',
      contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
      clusters: [{ name: 'a', cluster: { server: 'https://127.0.0.1:1' } }],
      users: [{ name: 'a', user: { exec } }],
    };
    writeFileSync(kubeconfig, JSON.stringify(config));
    const settings = { kubeconfig, context: '' } as Chart['settings'];
    const look = await lookAtKubeconfig.look({ settings }, doctorTools({ timeoutMs: 10_000 }));
    t.like(look.findings, [{ code: 'CLUSTER_CREDENTIAL_FAILED' }]);
    t.regex(look.facts, why);
    t.notRegex(JSON.stringify(look), /planted/);
  },
});

test('no such command', failing, 'no-such-command', [], /ENOENT/);
test('it fails and says why', failing, 'sh', ['-c', 'echo no ticket >&2; exit 1'], /no ticket/);
test('a token that is no answer', failing, 'echo', ['planted-token'], /not valid JSON/);
test('a short one', failing, 'echo', ['planted'], /not valid JSON/);
test('an answer that breaks off', failing, 'echo', ['{"token": planted'], /not valid JSON/);
