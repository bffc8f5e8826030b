// What a Kubernetes version serves by default and what it no longer serves, read from its Go sources: the list of
// group versions that the API server switches on, its discovery document, and the generated lifecycle functions.
// Pure: takes texts, returns data. Called by schemas.ts. Why sources and not a running server: decision 0008.

import { type ApplicableKind, apiVersionOf } from './openapi.ts';

/** The shape of api/discovery/aggregated_v2.json. */
export interface Discovery {
  readonly items: readonly {
    readonly metadata: { readonly name?: string };
    readonly versions: readonly {
      readonly version: string;
      readonly resources: readonly {
        readonly responseKind: { readonly kind: string };
        readonly scope: 'Namespaced' | 'Cluster';
        readonly verbs: readonly string[];
      }[];
    }[];
  }[];
}

/** The shape of api/discovery/api__v1.json, which the aggregated document leaves out. */
export interface CoreDiscovery {
  readonly resources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
    readonly verbs: readonly string[];
  }[];
}

/** apiVersion -> kind -> [minor that removed it, what replaces it or '']. */
export type RemovedApis = Record<string, Record<string, readonly [string, string]>>;

/** Every kind that can be applied when all versions are switched on. */
export function applicableKinds(core: CoreDiscovery, discovery: Discovery): ApplicableKind[] {
  const coreKinds = core.resources
    .filter((resource) => isApplicable(resource.verbs) && !resource.name.includes('/'))
    .map(({ kind, namespaced }): ApplicableKind => {
      return { group: '', version: 'v1', kind, scope: namespaced ? 'Namespaced' : 'Cluster' };
    });
  const groupKinds = discovery.items.flatMap(({ metadata, versions }) =>
    versions.flatMap(({ version, resources }) =>
      resources
        .filter((resource) => isApplicable(resource.verbs))
        .map(({ responseKind, scope }) => ({
          group: metadata.name ?? '',
          version,
          kind: responseKind.kind,
          scope,
        })),
    ),
  );
  return [...coreKinds, ...groupKinds];
}

function isApplicable(verbs: readonly string[]): boolean {
  return verbs.includes('create') && verbs.includes('patch');
}

/**
 * Go packages of the group versions that are on by default, such as 'apps/v1': all `...EnabledByDefault` lists of
 * the API server's instance.go, with its import names resolved. Throws when the file no longer looks like that.
 */
export function defaultPackages(instanceGo: string): Set<string> {
  const imports = new Map<string, string>();
  for (const [, name, path] of instanceGo.matchAll(
    /^\t(\w+) "k8s\.io\/(?:api|kubernetes\/pkg\/apis)\/([\w/]+)"$/gm,
  )) {
    if (name !== undefined && path !== undefined) imports.set(name, path);
  }
  const packages = new Set<string>();
  const lists = instanceGo.matchAll(/EnabledByDefault = \[\]schema\.GroupVersion\{\n([^}]*)\n\t\}/g);
  for (const [, list = ''] of lists) {
    for (const [, name = ''] of list.matchAll(/(\w+)\.SchemeGroupVersion,/g)) {
      const path = imports.get(name);
      if (path === undefined) throw new Error(`instance.go switches on ${name}, which it does not import`);
      packages.add(path);
    }
  }
  if (packages.size < 10) throw new Error('instance.go lists hardly any group version: its form has changed');
  return packages;
}

/** Kinds that the lifecycle functions of one generated file say are gone, whatever the minor. */
export function removedKinds(lifecycleGo: string): { kind: string; minor: number; replacement: string }[] {
  const replacements = new Map<string, string>();
  const replacementForm =
    /func \(in \*(\w+)\) APILifecycleReplacement\(\)[^{]*\{\n\treturn schema\.GroupVersionKind\{Group: "([^"]*)", Version: "([^"]*)", Kind: "([^"]*)"\}/g;
  for (const [, kind = '', group = '', version = '', name = ''] of lifecycleGo.matchAll(replacementForm)) {
    // Upstream names the list kind for one of them.
    replacements.set(kind, `${apiVersionOf({ group, version })} ${name.replace(/List$/, '')}`);
  }
  const removedForm = /func \(in \*(\w+)\) APILifecycleRemoved\(\)[^{]*\{\n\treturn 1, (\d+)\n/g;
  return [...lifecycleGo.matchAll(removedForm)]
    .map(([, kind = '', minor = '']) => ({
      kind,
      minor: Number(minor),
      replacement: replacements.get(kind) ?? '',
    }))
    .filter(({ kind }) => !kind.endsWith('List'));
}

/** Removed before the lifecycle functions existed, from the deprecation guide of Kubernetes. */
export const removedByHand: RemovedApis = {
  'apiextensions.k8s.io/v1beta1': {
    CustomResourceDefinition: ['1.22', 'apiextensions.k8s.io/v1 CustomResourceDefinition'],
  },
  'apiregistration.k8s.io/v1beta1': { APIService: ['1.22', 'apiregistration.k8s.io/v1 APIService'] },
  'autoscaling/v2beta1': { HorizontalPodAutoscaler: ['1.25', 'autoscaling/v2 HorizontalPodAutoscaler'] },
  'autoscaling/v2beta2': { HorizontalPodAutoscaler: ['1.26', 'autoscaling/v2 HorizontalPodAutoscaler'] },
  'batch/v2alpha1': { CronJob: ['1.21', 'batch/v1 CronJob'] },
  'policy/v1beta1': { PodSecurityPolicy: ['1.25', ''] },
};
