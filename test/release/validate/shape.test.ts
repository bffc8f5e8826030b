// Kubernetes' own kinds: what the data of the three minors refuse about an object, and what they do not. That the
// API server judges the same is checked against a real one by the system tests.

import test from 'ava';
import type { JsonObject } from '../../../proto/strict-json.ts';
import { readKubernetesApis } from '../../../release/kubernetes-data.ts';
import { readYaml } from '../../../release/read/yaml.ts';
import { judge, type Target } from '../../../release/validate/judge.ts';

const apis = await readKubernetesApis();
const target: Target = { apis, custom: new Map() };

/** `code field` of everything found in the YAML of one object. */
function found(text: string, minors = apis.map((api) => api.minor)): string[] {
  const read = readYaml(text, 'a.yaml');
  if (!read.ok) throw new Error(read.problem.detail);
  const value = read.documents[0]?.value as JsonObject;
  const { apiVersion, kind } = value as { apiVersion: string; kind: string };
  const identity = { apiVersion, group: '', version: '', kind, name: 'x', namespace: undefined };
  const chosen = { ...target, apis: apis.filter((api) => minors.includes(api.minor)) };
  return judge(value, identity, chosen).map(
    ({ code, detail }) => `${code} ${detail.replace(/^\w+ x: /, '')}`,
  );
}

const finds = test.macro({
  exec(t, text: string, ...expected: string[]) {
    t.deepEqual(found(text), expected);
  },
  title: (name = '') => name,
});

const pod = (fields: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec:\n  containers:\n    - name: c\n      image: i\n${fields}`;

test('a plain object is fine', finds, pod(''));
test(
  'an unknown field',
  finds,
  pod('      volumeMount: []\n'),
  'FIELD_UNKNOWN .spec.containers[0].volumeMount is not a field of the schema',
);
test(
  'a field in the wrong place',
  finds,
  'apiVersion: batch/v1\nkind: Job\nmetadata: {name: x}\nspec: {restartPolicy: Never, template: {}}',
  'FIELD_UNKNOWN .spec.restartPolicy is not a field of the schema',
);
test(
  'a field of the object prototype',
  finds,
  'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ntoString: 1',
  'FIELD_UNKNOWN .toString is not a field of the schema',
);
test(
  'a number where a text is wanted',
  finds,
  'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: 1}',
  'FIELD_TYPE_WRONG .data.a must be a text, not 1',
);
test(
  'yes where a text is wanted',
  finds,
  'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, labels: {a/b: yes}}',
  'FIELD_TYPE_WRONG .metadata.labels["a/b"] must be a text, not true',
);
test(
  'a text where a number is wanted',
  finds,
  pod('      ports: [{containerPort: http}]\n'),
  'FIELD_TYPE_WRONG .spec.containers[0].ports[0].containerPort must be a whole number of 32 bits, not the text "http"',
);
test(
  'a list where an object is wanted',
  finds,
  'apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: []',
  'FIELD_TYPE_WRONG .spec must be an object, not a list',
);
test(
  'an object where a list is wanted',
  finds,
  'apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: {}}',
  'FIELD_TYPE_WRONG .spec.containers must be a list, not an object',
);
test(
  'a number beyond 32 bits',
  finds,
  'apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {priority: 2147483648, containers: []}',
  'FIELD_TYPE_WRONG .spec.priority must be a whole number of 32 bits, not 2147483648',
);
test(
  'a number of 64 bits',
  finds,
  'apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {terminationGracePeriodSeconds: 9223372036854775807, containers: []}',
);
test(
  'a fraction',
  finds,
  'apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {activeDeadlineSeconds: 1.5, containers: []}',
  'FIELD_TYPE_WRONG .spec.activeDeadlineSeconds must be a whole number, not 1.5',
);
test(
  'a port by name or number',
  finds,
  'apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {ports: [{port: 80, targetPort: http}, {port: 81, targetPort: 8080}]}',
);
test(
  'quantities of every form',
  finds,
  pod(
    '      resources: {limits: {cpu: 500m, memory: 2Gi, a: 1, b: 0.5, c: 1e3, d: "12E", e: .5, f: "+1k"}}\n',
  ),
);
test(
  'a quantity that is none',
  finds,
  pod('      resources: {limits: {memory: 2 GB}}\n'),
  'FIELD_TYPE_WRONG .spec.containers[0].resources.limits.memory must be a quantity such as 500m or 2Gi, not the text "2 GB"',
);
test(
  'base64, also in lines',
  finds,
  'apiVersion: v1\nkind: Secret\nmetadata: {name: x}\ndata: {a: YWJj, b: "YW\\nJj", c: ""}',
);
test(
  'no base64',
  finds,
  'apiVersion: v1\nkind: Secret\nmetadata: {name: x}\ndata: {a: "abc"}',
  'FIELD_TYPE_WRONG .data.a must be base64, not the text "abc"',
);
test(
  'a missing field',
  finds,
  'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {template: {}}',
  'FIELD_REQUIRED .spec.selector is missing',
);
test(
  'null for a required field',
  finds,
  'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {selector: null, template: {}}',
  'FIELD_REQUIRED .spec.selector is missing',
);
test(
  'null elsewhere',
  finds,
  'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x, annotations: ~}\nspec: {replicas: null, selector: {}, template: {metadata: null}}',
);
test(
  'two containers of one name',
  finds,
  pod('    - {name: d}\n    - {name: c}\n'),
  'LIST_KEY_DUPLICATE .spec.containers[2] repeats name c',
);
test(
  'two ports that differ by protocol',
  finds,
  'apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {ports: [{port: 53}, {port: 53, protocol: UDP}]}',
);
test(
  'two ports that are one after defaults',
  finds,
  'apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {ports: [{port: 53, name: a}, {port: 53, name: b, protocol: TCP}]}',
  'LIST_KEY_DUPLICATE .spec.ports[1] repeats port 53, protocol TCP',
);
test(
  'a finalizer that stands twice',
  finds,
  'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, finalizers: [a/b, a/b]}',
  'LIST_KEY_DUPLICATE .metadata.finalizers[1] repeats a/b',
);
test(
  'an entry without its key',
  finds,
  'apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [], topologySpreadConstraints: [{maxSkew: 1, whenUnsatisfiable: DoNotSchedule}]}',
  'FIELD_REQUIRED .spec.topologySpreadConstraints[0].topologyKey is missing',
);
test(
  'null as an entry of a list with keys',
  finds,
  'apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {ports: [{port: 1}, null]}',
  'FIELD_TYPE_WRONG .spec.ports[1] must not be null',
);
test(
  'fields whose absence the server takes for zero',
  finds,
  'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x}\nspec: {group: g, scope: Cluster, names: {kind: K, plural: ks}, versions: [{name: v1, schema: {}}]}',
);
test(
  'kinds whose spec may be absent',
  finds,
  'apiVersion: storage.k8s.io/v1\nkind: CSIDriver\nmetadata: {name: x}',
);
test('an empty limit range', finds, 'apiVersion: v1\nkind: LimitRange\nmetadata: {name: x}\nspec: {}');
test(
  'the status inside a claim template is a field',
  finds,
  'apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: x}\nspec: {selector: {}, template: {}, serviceName: s, volumeClaimTemplates: [{metadata: {name: d}, spec: {}, status: {phase: Pending}}]}',
);
test(
  'the schema of a CRD may hold itself',
  finds,
  `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: x}
spec:
  group: g.example
  scope: Namespaced
  names: {kind: K, plural: ks}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          properties: {a: {properties: {b: {type: string, default: 1, enum: [1, x], x-kubernetes-int-or-string: true}}}}`,
);
test(
  'an unknown kind',
  finds,
  'apiVersion: apps/v1\nkind: Deploymnt\nmetadata: {name: x}',
  'KIND_UNKNOWN apps/v1 Deploymnt is not known',
);
test(
  'a kind in the wrong group',
  finds,
  'apiVersion: v1\nkind: Deployment\nmetadata: {name: x}',
  'KIND_UNKNOWN v1 Deployment is not known; there is apps/v1 Deployment',
);
test(
  'a kind that is off by default',
  finds,
  'apiVersion: coordination.k8s.io/v1beta1\nkind: LeaseCandidate\nmetadata: {name: x}',
  'KIND_UNKNOWN coordination.k8s.io/v1beta1 LeaseCandidate is not served unless somebody switches it on',
);
test(
  'a kind that nobody applies',
  finds,
  'apiVersion: authentication.k8s.io/v1\nkind: TokenReview\nmetadata: {name: x}',
  'KIND_UNKNOWN authentication.k8s.io/v1 TokenReview is not known',
);
test(
  'a removed API with what replaces it',
  finds,
  'apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: x}',
  'API_REMOVED policy/v1beta1 PodDisruptionBudget is not served since Kubernetes 1.25; use policy/v1 PodDisruptionBudget',
);
test(
  'a removed API from before the lifecycle data',
  finds,
  'apiVersion: autoscaling/v2beta2\nkind: HorizontalPodAutoscaler\nmetadata: {name: x}',
  'API_REMOVED autoscaling/v2beta2 HorizontalPodAutoscaler is not served since Kubernetes 1.26; use autoscaling/v2 HorizontalPodAutoscaler',
);

test('what only some targets refuse is said with their minors', (t) => {
  const review =
    'apiVersion: certificates.k8s.io/v1\nkind: ClusterTrustBundle\nmetadata: {name: x}\nspec: {trustBundle: x}';
  t.deepEqual(found(review), [
    'KIND_UNKNOWN certificates.k8s.io/v1 ClusterTrustBundle is not known (Kubernetes 1.35, 1.36)',
  ]);
  t.deepEqual(found(review, ['1.37']), []);
  const beta =
    'apiVersion: storage.k8s.io/v1beta1\nkind: VolumeAttributesClass\nmetadata: {name: x}\ndriverName: d';
  t.deepEqual(found(beta, ['1.37']), [
    'API_REMOVED storage.k8s.io/v1beta1 VolumeAttributesClass is not served since Kubernetes 1.37; use storage.k8s.io/v1 VolumeAttributesClass',
  ]);
});

test('the data know three minors and are small', async (t) => {
  t.deepEqual(
    apis.map((api) => api.minor),
    ['1.35', '1.36', '1.37'],
  );
  for (const api of apis) t.is(api.lookUp('v1', 'Namespace').found, 'served');
  const started = performance.now();
  await readKubernetesApis();
  t.true(performance.now() - started < 100, 'reading them took long');
});
