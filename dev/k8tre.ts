// `npm run k8tre -- DATE OUT`: prepares one date of the rendered K8TRE history as a release source for
// `npm start -- --from OUT`: the files as they are, one component each, the world they stand on, and the named
// patches for what Kubernetes refuses in them. OUT is self-contained, so the same date gives the same release anywhere.

import { basename, join } from 'node:path';
import { type Files, systemFiles } from '../daemon/files.ts';
import { k8treWorld, type WorldOptions } from './k8tre-world.ts';

export interface K8treOptions extends WorldOptions {
  readonly files: Files;
  /** The folder that holds history-k3s-dev. */
  readonly data: string;
  /** Name of a date's folder, or its beginning such as 2026-04-15. */
  readonly date: string;
  readonly out: string;
}

const history = 'history-k3s-dev';
const kubernetesMinors = ['1.35', '1.36', '1.37'];

interface NamedPatch {
  readonly name: string;
  readonly target: string;
  readonly remove: string;
  readonly why: string;
  /** Component without which there is nothing to correct. */
  readonly component: string;
}

const patches: readonly NamedPatch[] = [
  {
    name: 'job-without-restart-policy',
    target: '{kind: Job, namespace: jupyterhub, name: patch-hub-rolebinding}',
    remove: '/spec/restartPolicy',
    why: 'restartPolicy belongs to the pod, where it stands already; Kubernetes refuses it in the spec of a Job',
    component: 'jupyterhub',
  },
  {
    name: 'binding-without-namespace',
    target: '{kind: ClusterRoleBinding, name: samba-keytab-generator}',
    remove: '/metadata/namespace',
    why: 'a ClusterRoleBinding belongs to the whole cluster',
    component: 'ad',
  },
];

/** Folders of all dates, oldest first; empty when the data are not there. */
export async function k8treDates(files: Files, data: string): Promise<readonly string[]> {
  return files.list(join(data, history));
}

/** Writes the release source. Throws RangeError for an unknown date. */
export async function prepareK8tre(options: K8treOptions): Promise<void> {
  const { files, data, out } = options;
  const date = (await k8treDates(files, data)).find((name) => name.startsWith(options.date));
  if (date === undefined) throw new RangeError(`there is no date ${options.date} in ${join(data, history)}`);
  const names = (await files.list(join(data, history, date))).filter((name) => name.endsWith('.yaml'));
  await files.remove(join(out, 'objects'));
  await files.mkdir(join(out, 'objects'));
  for (const name of names) {
    const content = await files.read(join(data, history, date, name));
    await files.writeAtomic(join(out, 'objects', name), content ?? '', { mode: 0o644 });
  }
  const world = { apiVersion: 'v1', kind: 'List', items: k8treWorld(options) };
  await files.writeAtomic(join(out, 'world.json'), `${JSON.stringify(world, undefined, 2)}\n`, {
    mode: 0o644,
  });
  await files.writeAtomic(join(out, 'release.yaml'), releaseYaml(date, names), { mode: 0o644 });
}

/** The data folder: TRE_K8TRE_DIR, or ../shared/k8tre beside the repository. */
export function k8treDataFolder(environment: Readonly<Record<string, string | undefined>>): string {
  return environment['TRE_K8TRE_DIR'] ?? join(import.meta.dirname, '../../shared/k8tre');
}

/** One component per file, named after its application; the namespace is the end of the file name. */
function releaseYaml(date: string, names: readonly string[]): string {
  const components = names.map((file) => {
    const [name = '', ...rest] = basename(file, '.yaml').split('__');
    return { name, file, namespace: (rest.at(-1) ?? '').replace(/^ns-/, '') };
  });
  const needed = patches.filter((patch) =>
    components.some((component) => component.name === patch.component),
  );
  return [
    'name: k8tre',
    `version: "${date}"`,
    `kubernetes: [${kubernetesMinors.map((minor) => `"${minor}"`).join(', ')}]`,
    'components:',
    '  - {name: world, path: world.json}',
    ...components.map(
      ({ name, file, namespace }) => `  - {name: ${name}, path: objects/${file}, namespace: ${namespace}}`,
    ),
    'patches:',
    ...needed.flatMap(({ name, target, remove, why }) => [
      `  - name: ${name}`,
      `    target: ${target}`,
      `    operations: [{op: remove, path: ${remove}}]`,
      `    why: ${why}`,
    ]),
    '',
  ].join('\n');
}

if (import.meta.main) {
  const [date = '--help', out] = process.argv.slice(2);
  const data = k8treDataFolder(process.env);
  const dates = await k8treDates(systemFiles, data);
  if (out === undefined || !dates.some((name) => name.startsWith(date))) {
    const known = dates.length === 0 ? `none in ${data}; set TRE_K8TRE_DIR` : dates.join(', ');
    const text = `usage: npm run k8tre -- DATE OUT\nexample: npm run k8tre -- 2026-04-15 build/k8tre\ndates: ${known}\n`;
    const isAsked = date === '--help' && process.argv.length > 2;
    (isAsked ? process.stdout : process.stderr).write(text);
    process.exitCode = isAsked ? 0 : 2;
  } else {
    await prepareK8tre({ files: systemFiles, data, date, out, endpointSelector: 'permissive' });
    process.stdout.write(`${join(out, 'release.yaml')}\nNow: npm start -- --from ${out}\n`);
  }
}
