// The first message of a stream, checked and turned into our own type. PURE.
// A peer of another capability is refused with its own code, so that both ends can say which side to update.
import { capability, oldestCapability } from '../../proto/capability.ts';
import { digestForm, uuidForm } from '../../proto/document.ts';
import { isErrorCode } from '../../proto/errors.ts';
import type { Hello } from '../../proto/gen/tre/v1/sync_pb.ts';
import type { HelloFacts } from '../store/contacts.ts';
import { type Outcome, refused } from '../trust/outcome.ts';

const versionForm = /^[\w.+-]{0,64}$/;

export function readHello(hello: Hello): Outcome<{ readonly facts: HelloFacts }> {
  if (hello.capability < oldestCapability || hello.capability > capability)
    return refused(
      'CAPABILITY_UNSUPPORTED',
      `The agent has capability ${hello.capability}; here it is ${oldestCapability} to ${capability}.`,
    );
  const {
    bootId,
    epoch,
    generation,
    documentDigest,
    clusterUid,
    agentVersion,
    refusedGeneration,
    refusedCode,
  } = hello;
  const holds = generation > 0;
  const wellFormed =
    uuidForm.test(bootId) &&
    versionForm.test(agentVersion) &&
    (clusterUid === '' || uuidForm.test(clusterUid)) &&
    (holds ? epoch > 0 && digestForm.test(documentDigest) : documentDigest === '');
  if (!wellFormed)
    return refused('REQUEST_INVALID', 'A field of Hello does not have the form that it must have.');
  const facts: HelloFacts = {
    capability: hello.capability,
    agentVersion,
    bootId,
    clusterUid: clusterUid === '' ? null : clusterUid,
    heldEpoch: holds ? epoch : 0,
    heldGeneration: generation,
    heldDigest: holds ? documentDigest : null,
    refusedGeneration: refusedCode === '' ? null : refusedGeneration,
    refusedCode: isErrorCode(refusedCode) ? refusedCode : null,
  };
  return { ok: true, facts };
}
