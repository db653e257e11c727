/** What a cluster asks of its sessions, as far as that is known. */
export type Encryption =
  /** The cluster's `kmsKeyId` as it stands there: a key's ARN or ID, an alias, or an alias' ARN. */
  | { readonly kind: "required"; readonly kmsKeyId: string }
  | { readonly kind: "none" }
  /** The cluster may not be looked at: the agent says whether there is a key, and which. */
  | { readonly kind: "unknown" };

/** `exec` is the cluster's configuration; undefined where it may not be looked at. */
export function encryptionOf(exec: { readonly kmsKeyId: string | undefined } | undefined): Encryption {
  if (exec === undefined) return { kind: "unknown" };
  return exec.kmsKeyId === undefined ? { kind: "none" } : { kind: "required", kmsKeyId: exec.kmsKeyId };
}

/**
 * Whether the key that an agent asks for is the cluster's, whose ARN KMS tells. An alias can lead to any key, so one
 * is taken only where the cluster itself names that very alias.
 */
export function isClusterKey(asked: string, clusterKey: string, keyArn: string): boolean {
  if (!/^arn:[^:]+:kms:[^:]+:[^:]+:key\/.+$/.test(keyArn)) return false;
  const arn = arnOf(asked, keyArn);
  return arn === keyArn || (isAlias(clusterKey) && arn === arnOf(clusterKey, keyArn));
}

/** Whether the ARN that a name stands for can be told without KMS. */
export function isKeyArn(name: string): boolean {
  return name.startsWith("arn:") && !isAlias(name);
}

function isAlias(name: string): boolean {
  return /(^|:)alias\//.test(name);
}

/** A bare name belongs to the region and account of the key whose ARN is known. */
function arnOf(name: string, keyArn: string): string {
  if (name.startsWith("arn:")) return name;
  const owner = keyArn.slice(0, keyArn.lastIndexOf(":") + 1);
  return isAlias(name) ? owner + name : `${owner}key/${name}`;
}
