import { ec2Calls } from "../../src/aws/ec2.ts";
import { ecrCalls } from "../../src/aws/ecr.ts";
import { ecsCalls } from "../../src/aws/ecs-calls.ts";
import { isRefusedByAws } from "../../src/aws/failures.ts";
import { queryCalls } from "../../src/aws/query.ts";
import { s3Calls } from "../../src/aws/s3-calls.ts";
import { isAboutCredentials } from "../../src/errors.ts";
import { type Answer, endpoint, type Endpoint } from "../helpers/aws-endpoint.ts";

const PAGE = `<!DOCTYPE html><html><head><title>Blocked</title><style>p { color: red }</style></head>
<body><p>This site is <b>not allowed</b><br>by ACME's firewall.</p><script>location = "x"</script></body></html>`;
const PAGE_WORDS = "Blocked This site is not allowed by ACME's firewall.";
const BUCKET = { bucket: "stage", owner: undefined };

let open: Endpoint | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

const CALLS = {
  "ecs:DescribeTasks": ({ clients }: Endpoint): Promise<unknown> =>
    ecsCalls(clients).describeTasks("ci", ["0123"]),
  "ecs:DescribeTaskDefinition": ({ clients }: Endpoint): Promise<unknown> =>
    ecsCalls(clients).describeTaskDefinition("app:1"),
  "s3:GetObject": ({ clients }: Endpoint): Promise<unknown> =>
    s3Calls(clients).getObject({ ...BUCKET, key: "a" }),
  "s3:PutObject": ({ clients }: Endpoint): Promise<unknown> =>
    s3Calls(clients).putObject({ ...BUCKET, key: "a" }, Buffer.from("x"), {}),
  "ec2:DescribeNetworkInterfaces": ({ clients }: Endpoint): Promise<unknown> =>
    ec2Calls(queryCalls(clients)).describeNetworkInterface("eni-1"),
  "ecr:DescribeImages": ({ clients }: Endpoint): Promise<unknown> =>
    ecrCalls(clients).describeImageSize(
      { registryId: "123456789012", region: "eu-central-1", repositoryName: "shop" },
      "sha256:0",
    ),
};
type Name = keyof typeof CALLS;
const NAMES = Object.keys(CALLS) as Name[];

/** The failure of this call at an endpoint that answers so, without the header of AWS's request ids. */
async function failureOf(call: Name, answer: Answer): Promise<Record<string, unknown>> {
  open = await endpoint(() => answer, undefined, undefined, {});
  return await CALLS[call](open).then(
    () => Promise.reject(new Error("no failure")),
    (error: unknown) => error as Record<string, unknown>,
  );
}

const html = (status: number, body = PAGE): Answer => ({
  status,
  body,
  headers: { "content-type": "text/html" },
});
const text = (status: number, body: string): Answer => ({
  status,
  body,
  headers: { "content-type": "text/plain" },
});

it.each(NAMES.flatMap((call) => [403, 407].map((status) => [call, status] as const)))(
  "a page in the place of an answer is not taken for AWS's: %s, HTTP %s",
  async (call, status) => {
    const failure = await failureOf(call, html(status));
    expect(failure).toMatchObject({
      code: "aws-unreachable",
      failed: expect.stringMatching(
        `^${call} on .* failed: another server has answered in the place of AWS.$`,
      ) as string,
      seen: `HTTP ${status}, and not in the form of AWS's answers: ${PAGE_WORDS}`,
      advice: expect.stringContaining("proxy") as string,
    });
    expect(isRefusedByAws(failure)).toBe(false);
    expect(isAboutCredentials(failure)).toBe(false);
    expect(open?.received).toHaveLength(1);
  },
);

it.each(NAMES)("a text, too: %s", async (call) => {
  expect(await failureOf(call, text(403, "Forbidden by policy 17\u001b[31m."))).toMatchObject({
    code: "aws-unreachable",
    seen: "HTTP 403, and not in the form of AWS's answers: Forbidden by policy 17\u001b[31m.",
  });
});

it.each([
  [
    "a page that is well-formed XML",
    html(403, "<html><body><h1>403 Forbidden</h1></body></html>"),
    "403 Forbidden",
  ],
  ["JSON of others", { status: 403, body: { message: "no" } }, '{"message":"no"}'],
  ["a page without words", html(403, "<html><hr/></html>"), "no words"],
  ["a page for a success", html(200, PAGE), PAGE_WORDS],
] as const)("%s", async (_, answer, words) => {
  expect(await failureOf("ecs:DescribeTasks", answer)).toMatchObject({
    code: "aws-unreachable",
    seen: `HTTP ${answer.status}, and not in the form of AWS's answers: ${words}`,
  });
});

it("a well-formed page in the place of S3 is not S3's refusal either", async () => {
  const page = html(403, "<html><body><h1>403 Forbidden</h1></body></html>");
  expect(await failureOf("s3:GetObject", page)).toMatchObject({ code: "aws-unreachable" });
});

it("a long page is cut", async () => {
  const { seen } = await failureOf("ecs:DescribeTasks", text(403, "word ".repeat(100_000)));
  expect(String(seen)).toMatch(/^.{600,700}…$/);
});

it("a huge page with many beginnings of a style takes no time", async () => {
  const begun = performance.now();
  await failureOf("ec2:DescribeNetworkInterfaces", html(403, "<style ".repeat(500_000)));
  expect(performance.now() - begun).toBeLessThan(10_000);
});

it.each(["ecs:DescribeTasks", "s3:GetObject"] as const)(
  "a gateway that fails is asked again as AWS is: %s",
  async (call) => {
    expect(await failureOf(call, html(502))).toMatchObject({
      code: "aws-unreachable",
      seen: `HTTP 502, and not in the form of AWS's answers: ${PAGE_WORDS}`,
    });
    expect(open?.received).toHaveLength(6);
  },
);

it("AWS's own refusal stays one", async () => {
  const body = { __type: "AccessDeniedException", message: "not allowed by a VPC endpoint policy" };
  expect(await failureOf("ecs:DescribeTasks", { status: 403, body })).toMatchObject({
    code: "access-denied",
  });
  await open?.close();
  const xml = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
  const answer = { status: 403, body: xml, headers: { "content-type": "application/xml" } };
  expect(await failureOf("s3:GetObject", answer)).toMatchObject({ code: "access-denied" });
});
