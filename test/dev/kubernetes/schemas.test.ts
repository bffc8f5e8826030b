// How the API of a Kubernetes version becomes compact: small samples in the form of the real documents and sources.

import test from 'ava';
import { compactApis, type OpenApiSchema } from '../../../dev/kubernetes/openapi.ts';
import { applicableKinds, defaultPackages, removedKinds } from '../../../dev/kubernetes/served.ts';

const ref = (name: string): OpenApiSchema => ({ allOf: [{ $ref: `#/components/schemas/${name}` }] });

test('a kind is compacted to what judges its shape', (t) => {
  const schemas = new Map<string, OpenApiSchema>([
    [
      'io.k8s.api.core.v1.Thing',
      {
        type: 'object',
        'x-kubernetes-group-version-kind': [{ group: '', version: 'v1', kind: 'Thing' }],
        required: ['spec', 'ready'],
        properties: {
          ready: { type: 'boolean' },
          spec: ref('io.k8s.api.core.v1.ThingSpec'),
          status: ref('io.k8s.api.core.v1.ThingStatus'),
        },
      },
    ],
    [
      'io.k8s.api.core.v1.ThingSpec',
      {
        type: 'object',
        properties: {
          ports: {
            type: 'array',
            items: ref('io.k8s.api.core.v1.Port'),
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['port', 'protocol'],
          },
          names: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
          labels: { type: 'object', additionalProperties: { type: 'string' } },
          size: ref('io.k8s.apimachinery.pkg.api.resource.Quantity'),
          again: ref('io.k8s.api.core.v1.ThingSpec'),
          anything: { type: 'object' },
        },
      },
    ],
    [
      'io.k8s.api.core.v1.Port',
      {
        type: 'object',
        properties: {
          port: { type: 'integer', format: 'int32' },
          protocol: { type: 'string', default: 'TCP' },
        },
      },
    ],
    ['io.k8s.api.core.v1.ThingStatus', { type: 'object', properties: { phase: { type: 'string' } } }],
    ['io.k8s.apimachinery.pkg.api.resource.Quantity', { oneOf: [{ type: 'string' }, { type: 'number' }] }],
  ]);
  t.deepEqual(compactApis(schemas, [{ group: '', version: 'v1', kind: 'Thing', scope: 'Cluster' }]), {
    kinds: {
      v1: {
        Thing: ['Cluster', { fields: { ready: 'boolean', spec: '#core.v1.ThingSpec' }, required: ['spec'] }],
      },
    },
    shapes: {
      'core.v1.ThingSpec': {
        fields: {
          ports: { list: '#core.v1.Port', keys: [['port'], ['protocol', 'TCP']] },
          names: { list: 'string', set: true },
          labels: { map: 'string' },
          size: 'quantity',
          again: '#core.v1.ThingSpec',
          anything: 'any-object',
        },
      },
      'core.v1.Port': { fields: { port: 'int32', protocol: 'string' } },
    },
  });
  t.throws(() => compactApis(schemas, [{ group: 'a', version: 'v1', kind: 'Other', scope: 'Cluster' }]), {
    message: /no schema for a\/v1 Other/,
  });
});

test('only kinds that can be created and patched are applied, and no subresources', (t) => {
  const core = {
    resources: [
      { name: 'pods', kind: 'Pod', namespaced: true, verbs: ['create', 'patch'] },
      { name: 'pods/status', kind: 'Pod', namespaced: true, verbs: ['create', 'patch'] },
      { name: 'bindings', kind: 'Binding', namespaced: true, verbs: ['create'] },
    ],
  };
  const resources = [
    { responseKind: { kind: 'Deployment' }, scope: 'Namespaced' as const, verbs: ['create', 'patch'] },
  ];
  const discovery = { items: [{ metadata: { name: 'apps' }, versions: [{ version: 'v1', resources }] }] };
  t.deepEqual(applicableKinds(core, discovery), [
    { group: '', version: 'v1', kind: 'Pod', scope: 'Namespaced' },
    { group: 'apps', version: 'v1', kind: 'Deployment', scope: 'Namespaced' },
  ]);
});

test('the lists of what is on by default are read from the source of the API server', (t) => {
  const names = 'abcdefghijkl'.split('').map((name) => `${name}v1`);
  const instance = (list: readonly string[]): string =>
    [
      'import (',
      ...names.map((name) => `\t${name} "k8s.io/api/${name.slice(0, 1)}/v1"`),
      '\tflowv1 "k8s.io/kubernetes/pkg/apis/flow/v1"',
      ')',
      '\tstableAPIGroupVersionsEnabledByDefault = []schema.GroupVersion{',
      ...list.map((name) => `\t\t${name}.SchemeGroupVersion,`),
      '\t}',
      '\tbetaAPIGroupVersionsDisabledByDefault = []schema.GroupVersion{',
      '\t\tbv1beta1.SchemeGroupVersion,',
      '\t}',
    ].join('\n');
  t.deepEqual(
    [...defaultPackages(instance([...names.slice(1), 'flowv1']))],
    [...'bcdefghijkl'.split('').map((name) => `${name}/v1`), 'flow/v1'],
  );
  t.throws(() => defaultPackages(instance(['unknownv1'])), { message: /does not import/ });
  t.throws(() => defaultPackages(instance(['av1'])), { message: /form has changed/ });
});

test('what was removed, and what replaces it, is read from the lifecycle functions', (t) => {
  const removed = (kind: string, minor: number): string =>
    `func (in *${kind}) APILifecycleRemoved() (major, minor int) {\n\treturn 1, ${minor}\n}\n`;
  const replaced = `func (in *Ingress) APILifecycleReplacement() schema.GroupVersionKind {\n\treturn schema.GroupVersionKind{Group: "networking.k8s.io", Version: "v1", Kind: "Ingress"}\n}\n`;
  t.deepEqual(
    removedKinds(removed('Ingress', 22) + replaced + removed('IngressList', 22) + removed('Event', 25)),
    [
      { kind: 'Ingress', minor: 22, replacement: 'networking.k8s.io/v1 Ingress' },
      { kind: 'Event', minor: 25, replacement: '' },
    ],
  );
});
