import type { TemporaryCredentials } from "./renewal.ts";

/** Keys for a signature, in the shape that SigV4 signers take. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Begins a session of a role by AssumeRoleWithWebIdentity. Rejects with an error in the shape of the SDK's. */
export type AssumeRole = (request: {
  readonly arn: string;
  readonly sessionName: string;
  readonly region: string;
  readonly token: string;
}) => Promise<TemporaryCredentials>;

/** Makes a credentials provider for clients. `assume` is AWS's part in it. */
export type CredentialsSource = (assume: AssumeRole) => () => Promise<Credentials>;
