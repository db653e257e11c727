/** Keys for a signature, in the shape that SigV4 signers take. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Makes a credentials provider for clients of this configuration. */
export type CredentialsSource = (clientConfig: object) => () => Promise<Credentials>;
