/** A client's access key. */
export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Only with temporary keys. */
  readonly sessionToken?: string;
}

/** The keys of an exec agent without a task role. They belong to no principal, so each call with them is refused. */
export const NO_ROLE_KEYS: Keys = { accessKeyId: "exec-agent", secretAccessKey: "exec-agent" };
