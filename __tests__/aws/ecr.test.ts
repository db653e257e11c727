import { ecrCalls, repositoryOf } from "../../src/aws/ecr.ts";
import { type Answer, endpoint, exception, type Endpoint } from "../helpers/aws-endpoint.ts";

const REPOSITORY = { registryId: "210987654321", region: "eu-west-1", repositoryName: "team/shop" };
const DIGEST = `sha256:${"0".repeat(64)}`;

let open: Endpoint | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

async function ask(answer: Answer) {
  open = await endpoint(() => answer);
  return await ecrCalls(open.clients).describeImageSize(REPOSITORY, DIGEST);
}
const ofImage = (image: object): Answer => ({ body: { imageDetails: [image] } });

it("asks the image's own registry, in its region, for the size of this digest", async () => {
  const type = "application/vnd.oci.image.manifest.v1+json";
  expect(await ask(ofImage({ imageSizeInBytes: 126_000_000, imageManifestMediaType: type }))).toEqual({
    bytes: 126_000_000,
    isMost: false,
  });
  const [sent] = open?.received ?? [];
  expect(JSON.parse(sent?.body ?? "")).toEqual({
    registryId: "210987654321",
    repositoryName: "team/shop",
    imageIds: [{ imageDigest: DIGEST }],
  });
  expect(sent?.headers).toMatchObject({
    "content-type": "application/x-amz-json-1.1",
    "x-amz-target": "AmazonEC2ContainerRegistry_V20150921.DescribeImages",
    authorization: expect.stringMatching(/^AWS4-HMAC-SHA256 \S+\/eu-west-1\/ecr\/aws4_request, /) as string,
  });
});

it.each([
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
])("knows that the size of a %s is that of its largest image", async (imageManifestMediaType) => {
  const image = { imageSizeInBytes: 126_000_000, imageManifestMediaType };
  expect(await ask(ofImage(image))).toEqual({ bytes: 126_000_000, isMost: true });
});

it.each([ofImage({}), { body: {} }])("gives undefined when ECR gives no size: %j", async (answer) => {
  expect(await ask(answer)).toBeUndefined();
});

it.each([
  [
    "AccessDeniedException",
    exception("AccessDeniedException", "No."),
    "access-denied",
    /ecr:DescribeImages on/,
  ],
  [
    "ImageNotFoundException",
    exception("ImageNotFoundException", "No."),
    "aws-error",
    /ecr:DescribeImages on/,
  ],
  ["a page of a proxy", { status: 502, body: "<html>" }, "aws-unreachable", /ecr:DescribeImages on/],
] as const)("fails after %s", async (_, answer, code, failed) => {
  await expect(ask(answer)).rejects.toMatchObject({ code, failed: expect.stringMatching(failed) as string });
});

it.each([
  ["123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop", "eu-west-1", "shop"],
  ["123456789012.dkr.ecr.us-gov-west-1.amazonaws.com/team/shop:1.2", "us-gov-west-1", "team/shop"],
  [`123456789012.dkr.ecr-fips.us-east-1.amazonaws.com/shop:1@${DIGEST}`, "us-east-1", "shop"],
  [`123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/shop@${DIGEST}`, "cn-north-1", "shop"],
  ["123456789012.dkr-ecr.us-west-2.on.aws/shop:1", "us-west-2", "shop"],
])("%s is in ECR", (image, region, repositoryName) => {
  expect(repositoryOf(image)).toEqual({ registryId: "123456789012", region, repositoryName });
});

it.each([
  "python:3.13",
  "public.ecr.aws/docker/library/python:3.13",
  "example.com/123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop:1",
  "123456789012.dkr.ecr.evil.com#.amazonaws.com/shop",
])("%s is not in ECR", (image) => {
  expect(repositoryOf(image)).toBeUndefined();
});
