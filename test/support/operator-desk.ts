// A desk of an operator: a real control plane, trectl with a login of its own, and a release source to build from. Every
// command of trectl is there. What was started ends with the test. Used by tests of trectl.

import { copyFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { CommandContext } from '../../cli/context.ts';
import { type Operator, startControlPlane, type TestControlPlane } from './control-plane.ts';
import { configMap, releaseYaml, writeSource } from './release-source.ts';
import { scratch } from './scratch.ts';
import { type Ran, type Register, runTrectl } from './trectl.ts';

const cli = join(import.meta.dirname, '../../cli');

/** What every file of cli/ registers. */
export async function allCommands(): Promise<readonly Register[]> {
  const names = readdirSync(cli).filter((name) => name.endsWith('.ts') && name !== 'main.ts');
  const modules = await Promise.all(
    names.map((name) => import(join(cli, name)) as Promise<Record<string, unknown>>),
  );
  return modules
    .flatMap((module) => Object.entries(module))
    .flatMap(([name, value]) => (/^register[A-Z]/.test(name) ? [value as Register] : []));
}

type DeskPlane = Operator & { readonly data: string; readonly token: string };

export interface Desk<Plane extends DeskPlane = DeskPlane> {
  readonly folder: string;
  readonly plane: Plane;
  /** Runs trectl with its login in the folder; `@name` is a file of the folder. */
  readonly trectl: (...args: string[]) => Promise<Ran>;
  /** The same, and it must succeed; returns stdout. */
  readonly done: (...args: string[]) => Promise<string>;
  /** The same with another context: a terminal, somebody to ask, an end. */
  readonly with: (changes: Partial<CommandContext>) => (...args: string[]) => Promise<Ran>;
}

export async function openDesk(t: ExecutionContext): Promise<Desk<TestControlPlane>> {
  const plane = await startControlPlane(scratch(t));
  t.teardown(() => plane.stop());
  return deskOf(t, plane);
}

/** A desk at a control plane that runs already. */
export async function deskOf<Plane extends DeskPlane>(
  t: ExecutionContext,
  plane: Plane,
): Promise<Desk<Plane>> {
  const commands = await allCommands();
  const place = (pointer: string) =>
    `places: [{kind: ConfigMap, name: a, namespace: default, pointer: ${pointer}}]`;
  const parameters = [
    'parameters:',
    `  - {name: motto, type: string, default: quiet, maxLength: 20, ${place('/data/k')}}`,
    `  - {name: locked, type: boolean, default: false, ${place('/immutable')}}`,
  ].join('\n');
  const folder = writeSource(t, {
    'src/release.yaml': releaseYaml(parameters),
    'src/app/a.yaml': `${configMap('a')}immutable: false\n`,
  });
  const withContext =
    (changes: Partial<CommandContext>) =>
    (...args: string[]): Promise<Ran> =>
      runTrectl(
        commands,
        args.map((arg) => arg.replace(/^@/, `${folder}/`)),
        { XDG_CONFIG_HOME: join(folder, 'config') },
        changes,
      );
  const trectl = withContext({});
  const done = async (...args: string[]): Promise<string> => {
    const result = await trectl(...args);
    t.is(result.code, 0, `${args.join(' ')}: ${result.stderr}`);
    return result.stdout;
  };
  copyFileSync(join(plane.data, 'trust/ca.pem'), join(folder, 'ca.pem'));
  writeFileSync(join(folder, 'token'), plane.token, { mode: 0o600 });
  return { folder, plane, trectl, done, with: withContext };
}

export const login = (desk: Desk) =>
  desk.done('login', '--server', desk.plane.addresses.api, '--ca', '@ca.pem', '--token-file', '@token');
