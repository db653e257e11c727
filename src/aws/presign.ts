import type { S3Client } from "@aws-sdk/client-s3";
import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import type { AwsClients } from "./clients.ts";
import type { ObjectName } from "./s3.ts";

/** The parts of the SDK's request that an URL needs. */
interface Address {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
}

/** A GET of the object, signed in its query by the credentials of `clients`, good for `seconds`. */
export async function presignGet(
  client: S3Client,
  object: ObjectName,
  seconds: number,
  clients: Pick<AwsClients, "credentials" | "region">,
): Promise<string> {
  const { protocol, hostname, port, path } = await addressOf(client, object);
  const signer = new SignatureV4({
    credentials: clients.credentials,
    region: clients.region,
    service: "s3",
    sha256: Sha256,
    applyChecksum: false,
    // S3 alone signs the path as it is sent.
    uriEscapePath: false,
  });
  const host = port === undefined ? hostname : `${hostname}:${port}`;
  const signed = await signer.presign(
    // S3 takes no hash of a body in an URL; the signer moves x-amz headers to the query.
    {
      method: "GET",
      protocol,
      hostname,
      path,
      headers: { host, "x-amz-content-sha256": "UNSIGNED-PAYLOAD" },
    },
    { expiresIn: seconds },
  );
  const query = Object.entries(signed.query ?? {}).map(([name, value]) => `${name}=${encode(String(value))}`);
  return `${protocol}//${host}${path}?${query.join("&")}`;
}

/** Where the SDK would send its request, without sending it: its rules know regions, partitions and emulators. */
async function addressOf(client: S3Client, { bucket, key }: ObjectName): Promise<Address> {
  const { GetObjectCommand } = await import("@aws-sdk/client-s3");
  const command = new GetObjectCommand({ Bucket: bucket, Key: key });
  let address: Address | undefined;
  command.middlewareStack.add(
    () => (args) => {
      address = args.request as Address;
      return Promise.resolve({ response: undefined, output: { $metadata: {} } });
    },
    { step: "build", priority: "low", name: "takeAddress" },
  );
  await client.send(command);
  if (address === undefined) throw new TypeError("The SDK made no request.");
  return address;
}

/** As SigV4 has it: everything but the unreserved characters of RFC 3986. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
