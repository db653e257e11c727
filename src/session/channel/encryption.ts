/** Whether a cluster encrypts its sessions, as far as that is known. */
export type Encryption =
  /** `kmsKeyId` is the cluster's own text: a key's ARN or ID, an alias, or an alias' ARN. */
  | { readonly kind: "required"; readonly kmsKeyId: string }
  | { readonly kind: "none" }
  /** The caller may not describe the cluster. The agent tells whether there is a key, and which. */
  | { readonly kind: "unknown" };

/** `exec` is the cluster's configuration; undefined when the caller may not describe the cluster. */
export function encryptionOf(exec: { readonly kmsKeyId: string | undefined } | undefined): Encryption {
  if (exec === undefined) return { kind: "unknown" };
  return exec.kmsKeyId === undefined ? { kind: "none" } : { kind: "required", kmsKeyId: exec.kmsKeyId };
}

/**
 * Whether the key that an agent asks for is the cluster's. `keyArn` is the ARN that KMS gives for the cluster's key.
 * An alias can lead to any key, so it counts only when the cluster names the same alias.
 */
export function isClusterKey(asked: string, clusterKey: string, keyArn: string): boolean {
  if (!/^arn:[^:]+:kms:[^:]+:[^:]+:key\/.+$/.test(keyArn)) return false;
  const arn = arnOf(asked, keyArn);
  return arn === keyArn || (isAlias(clusterKey) && arn === arnOf(clusterKey, keyArn));
}

/** Whether a name of a key is its ARN, so that KMS need not be asked for it. */
export function isKeyArn(name: string): boolean {
  return name.startsWith("arn:") && !isAlias(name);
}

function isAlias(name: string): boolean {
  return /(^|:)alias\//.test(name);
}

/** The ARN of a key's or alias' name. A name that is no ARN belongs to the region and account of `keyArn`. */
function arnOf(name: string, keyArn: string): string {
  if (name.startsWith("arn:")) return name;
  const owner = keyArn.slice(0, keyArn.lastIndexOf(":") + 1);
  return isAlias(name) ? owner + name : `${owner}key/${name}`;
}
