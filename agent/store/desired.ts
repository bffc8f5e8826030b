// The document that this site works towards, resolved into its objects, and the releases that it knows by role.
// Invariants: a document and its objects become visible together, in one transaction; the generation held never falls
// within an epoch (intake judges, this file keeps). Written by agent/intake, read by the reconciler at every run.
import type { Database } from '../../daemon/sqlite.ts';
import type { HealthRule, PruneAllowance, ReleaseReference } from '../../proto/document.ts';
import type { Wanted, WantedObject } from '../plan/world.ts';

/** The place of the held document in the chain of this site's documents. */
export interface HeldDocument {
  readonly epoch: number;
  readonly generation: number;
  /** Digest of the payload. */
  readonly documentDigest: string;
  readonly release: ReleaseReference;
  readonly acceptedAtMs: number;
}

/** A document that was accepted: all that `commit` writes. `envelope` is what was received, byte for byte. */
export interface AcceptedDocument {
  readonly wanted: Wanted;
  readonly documentDigest: string;
  readonly envelope: Uint8Array;
  readonly acceptedAtMs: number;
}

export type ReleaseRole = 'offered' | 'running' | 'last-healthy' | 'quarantined';

/** A release and since when it has its role, milliseconds UTC. */
export interface KnownRelease extends ReleaseReference {
  readonly sinceMs: number;
}

export interface DesiredStore {
  readonly held: () => HeldDocument | undefined;
  /** The held document as it was received. */
  readonly envelope: () => Uint8Array | undefined;
  /** Everything the planner needs to know of the held document; undefined before the first one. */
  readonly wanted: () => Wanted | undefined;
  readonly commit: (document: AcceptedDocument) => void;
  readonly releases: () => ReadonlyMap<ReleaseRole, KnownRelease>;
  /** The time changes only when the release does. */
  readonly setRelease: (role: ReleaseRole, release: ReleaseReference, nowMs: number) => void;
}

/** The desired document in an open database. */
export function desiredOver(database: Database): DesiredStore {
  const statements = prepare(database);
  return {
    held: () => {
      const row = statements.read.get();
      return row === undefined ? undefined : heldDocument(row);
    },
    envelope: () => statements.envelope.get()?.envelope,
    wanted: () => {
      const row = statements.read.get();
      return row === undefined ? undefined : wanted(row, statements.objects.all());
    },
    commit: (document) =>
      database.transaction(() => {
        statements.write.run(documentRow(document));
        statements.clearObjects.run();
        for (const object of document.wanted.objects)
          statements.addObject.run({ ...object, defines: JSON.stringify(object.defines) });
      }),
    releases: () => new Map(statements.releases.all().map(({ role, ...release }) => [role, release])),
    setRelease: (role, { name, version, digest }, nowMs) => {
      // Asked after every run: what is the same already costs no write.
      if (statements.release.get(role)?.digest === digest) return;
      database.transaction(() => void statements.setRelease.run({ role, name, version, digest, nowMs }));
    },
  };
}

interface DesiredRow {
  readonly epoch: number;
  readonly generation: number;
  readonly document_digest: string;
  readonly release_name: string;
  readonly release_version: string;
  readonly release_digest: string;
  readonly cluster_uid: string | null;
  readonly prune: string;
  readonly components: string;
  readonly health: string;
  readonly accepted_at_ms: number;
}

interface ObjectRow extends Omit<WantedObject, 'defines'> {
  readonly defines: string;
}

function prepare(database: Database) {
  return {
    read: database.prepare<DesiredRow>(
      `SELECT epoch, generation, document_digest, release_name, release_version, release_digest, cluster_uid, prune,
         accepted_at_ms, components, health FROM desired`,
    ),
    envelope: database.prepare<{ envelope: Uint8Array }>('SELECT envelope FROM desired'),
    write: database.prepare(
      `INSERT OR REPLACE INTO desired VALUES (1, :epoch, :generation, :documentDigest, :envelope, :name, :version, :digest,
         :clusterUid, :prune, :acceptedAtMs, :components, :health)`,
    ),
    objects: database.prepare<ObjectRow>(
      `SELECT id, position AS "index", api_group AS "group", version, kind, namespace, name, digest,
         immutable_digest AS immutableDigest, ttl_after_finished_ms AS ttlAfterFinishedMs, defines, component
       FROM wanted_object ORDER BY position`,
    ),
    clearObjects: database.prepare('DELETE FROM wanted_object'),
    addObject: database.prepare(
      `INSERT INTO wanted_object VALUES (:index, :id, :group, :version, :kind, :namespace, :name, :digest, :immutableDigest,
         :ttlAfterFinishedMs, :defines, :component)`,
    ),
    releases: database.prepare<KnownRelease & { readonly role: ReleaseRole }>(
      'SELECT role, name, version, digest, since_ms AS sinceMs FROM release_role',
    ),
    release: database.prepare<{ digest: string }>('SELECT digest FROM release_role WHERE role = ?'),
    setRelease: database.prepare(
      'INSERT OR REPLACE INTO release_role VALUES (:role, :name, :version, :digest, :nowMs)',
    ),
  };
}

function documentRow({
  wanted: { release, prune, components, health, ...document },
  documentDigest,
  envelope,
  acceptedAtMs,
}: AcceptedDocument) {
  const { epoch, generation, clusterUid } = document;
  return {
    epoch,
    generation,
    clusterUid,
    ...release,
    prune: JSON.stringify(prune),
    components: JSON.stringify(components),
    health: JSON.stringify(health),
    documentDigest,
    envelope,
    acceptedAtMs,
  };
}

function releaseOf(row: DesiredRow): ReleaseReference {
  return { name: row.release_name, version: row.release_version, digest: row.release_digest };
}

function heldDocument(row: DesiredRow): HeldDocument {
  const { epoch, generation } = row;
  return {
    epoch,
    generation,
    documentDigest: row.document_digest,
    release: releaseOf(row),
    acceptedAtMs: row.accepted_at_ms,
  };
}

function wanted(row: DesiredRow, objects: readonly ObjectRow[]): Wanted {
  return {
    epoch: row.epoch,
    generation: row.generation,
    release: releaseOf(row),
    clusterUid: row.cluster_uid,
    // These texts were written by `commit`.
    objects: objects.map((object) => ({ ...object, defines: JSON.parse(object.defines) as string[] })),
    prune: JSON.parse(row.prune) as PruneAllowance[],
    components: JSON.parse(row.components) as string[],
    health: JSON.parse(row.health) as HealthRule[],
  };
}
