import { readFileSync } from "node:fs";

/** An upgrade request of a data channel, signed. */
interface SignedUpgrade {
  readonly url: string;
  readonly now: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly headers: readonly Readonly<Record<string, string>>[];
}

/** By the signer that session-manager-plugin uses, for a cell number in raw base64. */
export const signedByGo = JSON.parse(
  readFileSync(new URL("../vectors/signed-upgrade.json", import.meta.url), "utf8"),
) as SignedUpgrade;
