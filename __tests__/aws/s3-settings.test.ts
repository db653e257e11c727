import { s3Calls } from "../../src/aws/s3-calls.ts";
import { endpoint, type Answer, type Endpoint } from "../helpers/aws-endpoint.ts";

const bucket = { bucket: "stage" };

let open: Endpoint;
afterEach(() => open.close());

async function startEndpoint(answer: Answer) {
  open = await endpoint(() => answer);
  return s3Calls(open.clients);
}
const refusing = (code: string) =>
  startEndpoint({ status: 404, body: `<Error><Code>${code}</Code><Message>No.</Message></Error>` });

it.each([
  ["<VersioningConfiguration/>", false],
  ["<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>", true],
  // Old versions stay, and a delete leaves a marker.
  ["<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>", true],
])("tells whether a bucket keeps versions: %s", async (body, expected) => {
  expect(await (await startEndpoint({ body })).isVersioned(bucket)).toBe(expected);
});

it("reads a bucket's policy, and gives undefined when there is none", async () => {
  expect(await (await startEndpoint({ body: "{}" })).readBucketPolicy(bucket)).toBe("{}");
  await open.close();
  expect(await (await refusing("NoSuchBucketPolicy")).readBucketPolicy(bucket)).toBeUndefined();
});

it("tells whether a bucket encrypts what is written to it", async () => {
  const body = "<ServerSideEncryptionConfiguration/>";
  expect(await (await startEndpoint({ body })).isEncrypted(bucket)).toBe(true);
  await open.close();
  const none = await refusing("ServerSideEncryptionConfigurationNotFoundError");
  expect(await none.isEncrypted(bucket)).toBe(false);
});

it("fails for a bucket that is not there", async () => {
  const s3 = await refusing("NoSuchBucket");
  await expect(s3.readBucketPolicy(bucket)).rejects.toMatchObject({ code: "bucket-not-found" });
});
