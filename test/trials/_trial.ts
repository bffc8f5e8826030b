// Run by a test and killed by it: one trial of isolation after another.
import { openHttp2Api } from '../../agent/cluster/http2-api.ts';
import { tryIsolation } from '../../agent/probe/network-trial.ts';
import { systemClock } from '../../daemon/clock.ts';
import { accessOf } from '../support/cluster-site.ts';

const [kubeconfig = '', image = ''] = process.argv.slice(2);
const api = openHttp2Api({ access: await accessOf(kubeconfig), userAgent: 'tre-agent/test' });
for (;;) await tryIsolation({ api, clock: systemClock, image }, new AbortController().signal);
