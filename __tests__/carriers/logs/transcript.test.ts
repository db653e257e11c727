import { readFileSync } from "node:fs";
import type { ObjectName } from "../../../src/aws/s3.ts";
import { AccessDenied } from "../../../src/errors.ts";
import {
  cloudWatchLocation,
  logLocation,
  withProvenPage,
  readTranscript,
  type TranscriptContext,
} from "../../../src/carriers/logs/transcript.ts";
import { FakeLogs } from "../../helpers/fake-logs.ts";
import { SleeplessClock } from "../../helpers/stepped-clock.ts";

const GROUP = { kind: "cloudwatch", group: "/ecs/exec" } as const;
const BUCKET = { kind: "s3", bucket: "example-logs", prefix: "exec/" } as const;

function context(more: Partial<TranscriptContext> = {}): TranscriptContext & { clock: SleeplessClock } {
  const rest = {
    region: "eu-central-1",
    logs: new FakeLogs(),
    s3: { getObject: () => Promise.resolve(undefined) },
    owners: [],
    patience: 10_000,
  };
  return {
    ...rest,
    signal: new AbortController().signal,
    ...more,
    clock: (more.clock ?? new SleeplessClock()) as SleeplessClock,
  };
}

async function all(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return Buffer.concat(pieces).toString("latin1");
}

describe("a transcript in CloudWatch", () => {
  it.each(["small", "no-newline", "large"])("says what the same transcript in S3 says: %s", async (name) => {
    const vector = (file: string): Buffer =>
      readFileSync(new URL(`../../vectors/transcript-${name}.${file}`, import.meta.url));
    const { cloudwatch } = JSON.parse(vector("json").toString()) as { cloudwatch: { message: string }[] };
    const logs = new FakeLogs();
    logs.put("s-1", ...cloudwatch.map(({ message }) => message));
    const text = await all(readTranscript(GROUP, "s-1", context({ logs })));
    const withoutReturns = (log: string): string => log.replaceAll("\r", "");
    expect(`${withoutReturns(text)}\n`).toBe(withoutReturns(vector("s3.txt").toString("latin1")));
    expect(logs.asked[0]).toEqual({ group: "/ecs/exec", stream: "s-1" });
  });

  it("goes on while events come late, one after the other", async () => {
    const logs = new FakeLogs();
    const clock = new SleeplessClock();
    const late = ["first", "late", "later", "latest"];
    // One more event for every five seconds that pass.
    const page: FakeLogs["readPage"] = (stream, from) => {
      while (late.length > 0 && clock.slept.length >= 5 * (5 - late.length))
        logs.put("s-1", late.shift() ?? "");
      return logs.readPage(stream, from);
    };
    const text = await all(readTranscript(GROUP, "s-1", context({ logs: { readPage: page }, clock })));
    expect(text).toBe("first\nlate\nlater\nlatest");
    // The last of them comes after twenty seconds. The other ten are patience.
    expect(clock.slept).toHaveLength(30);
  });

  it("is looked at each second until nothing has come for `patience`", async () => {
    const clock = new SleeplessClock();
    const begun = clock.now();
    expect(await all(readTranscript(GROUP, "s-1", context({ clock })))).toBe("");
    expect(clock.now() - begun).toBe(10_000);
    expect(new Set(clock.slept)).toEqual(new Set([1_000]));
  });

  it("holds nobody for ever, though the task goes on to write to it", async () => {
    const logs = new FakeLogs();
    const clock = new SleeplessClock();
    const begun = clock.now();
    let written = -1;
    const page: FakeLogs["readPage"] = (stream, from) => {
      // One more event for every second that passes.
      if (written < clock.slept.length) logs.put("s-1", "x");
      written = clock.slept.length;
      return logs.readPage(stream, from);
    };
    await all(readTranscript(GROUP, "s-1", context({ logs: { readPage: page }, clock })));
    expect(clock.now() - begun).toBeLessThanOrEqual(31 * 60_000);
  });

  it("is not waited for by a reader that has enough", async () => {
    const logs = new FakeLogs();
    logs.put("s-1", "enough", "more");
    const clock = new SleeplessClock();
    for await (const piece of readTranscript(GROUP, "s-1", context({ logs, clock }))) {
      expect(Buffer.from(piece).toString()).toBe("enough");
      break;
    }
    expect(clock.slept).toEqual([]);
  });

  it("is left when the run is cancelled", async () => {
    const signal = AbortSignal.abort(new Error("cancelled"));
    await expect(all(readTranscript(GROUP, "s-1", context({ signal })))).rejects.toThrow("cancelled");
  });
});

describe("a transcript in S3", () => {
  it.each([
    ["half an hour", { length: 1, ms: 60_000 }, 30],
    ["32 GiB", { length: 2 ** 30, ms: 0 }, 32],
  ])("is read for %s at most, though a task writes one without an end", async (_, { length, ms }, pieces) => {
    const clock = new SleeplessClock();
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        await clock.sleep(ms);
        yield Object.defineProperty(new Uint8Array(1), "length", { value: length });
      }
    }
    let read = 0;
    const s3 = { getObject: () => Promise.resolve(endless()) };
    const transcript = readTranscript(BUCKET, "s-1", context({ clock, s3 }))[Symbol.asyncIterator]();
    while (read <= 100 && (await transcript.next()).done !== true) read += 1;
    expect(read).toBe(pieces);
  });

  const body = async function* (): AsyncGenerator<Uint8Array> {
    await Promise.resolve();
    yield Buffer.from("one ");
    yield Buffer.from("two");
  };

  it.each([
    ["exec/", "exec/s-1.log"],
    ["exec", "exec/s-1.log"],
    ["", "s-1.log"],
    [undefined, "s-1.log"],
  ])("is the object of its session under prefix %j", async (prefix, key) => {
    const asked: ObjectName[] = [];
    const getObject = (object: ObjectName) => Promise.resolve(asked.push(object) > 0 ? body() : undefined);
    expect(await all(readTranscript({ ...BUCKET, prefix }, "s-1", context({ s3: { getObject } })))).toBe(
      "one two",
    );
    expect(asked).toEqual([{ bucket: "example-logs", key, owner: undefined }]);
  });

  it("is waited for", async () => {
    const clock = new SleeplessClock();
    const until = clock.now() + 5_000;
    const getObject = () => Promise.resolve(clock.now() < until ? undefined : body());
    expect(await all(readTranscript(BUCKET, "s-1", context({ clock, s3: { getObject } })))).toBe("one two");
    expect(clock.slept).toHaveLength(5);
  });

  const denied = ({ isNamed = false } = {}) =>
    new AccessDenied(
      { action: "s3:GetObject", isNamed },
      { failed: "No right to s3:GetObject.", seen: "AccessDenied: Access Denied (HTTP 403)", advice: "" },
    );

  it("is waited for when S3 denies what is not there", async () => {
    const clock = new SleeplessClock();
    const until = clock.now() + 5_000;
    const getObject = () => (clock.now() < until ? Promise.reject(denied()) : Promise.resolve(body()));
    expect(await all(readTranscript(BUCKET, "s-1", context({ clock, s3: { getObject } })))).toBe("one two");
    expect(clock.slept).toHaveLength(5);
  });

  it("is reported as absent or not readable when S3 denies it until patience ends", async () => {
    const clock = new SleeplessClock();
    const getObject = () => Promise.reject(denied());
    const reading = all(readTranscript(BUCKET, "s-1", context({ clock, s3: { getObject } })));
    await expect(reading).rejects.toMatchObject({
      code: "no-status",
      failed:
        "The transcript s3://example-logs/exec/s-1.log could not be read: either it is not there, or the credentials have no right to it.",
      seen: expect.stringContaining("AccessDenied: Access Denied (HTTP 403)") as string,
      advice: expect.stringMatching(
        /'s3:GetObject' on arn:aws:s3:::example-logs\/exec\/s-1\.log, and 's3:ListBucket' on arn:aws:s3:::example-logs /,
      ) as string,
    });
    expect(clock.slept).toHaveLength(10);
  });

  it("has ARNs in the partition of the region", async () => {
    const getObject = () => Promise.reject(denied());
    const reading = all(readTranscript(BUCKET, "s-1", context({ region: "cn-north-1", s3: { getObject } })));
    await expect(reading).rejects.toMatchObject({
      advice: expect.stringMatching(
        /on arn:aws-cn:s3:::example-logs\/exec\/s-1\.log, .* on arn:aws-cn:s3:::example-logs /,
      ) as string,
    });
  });

  it("is not waited for when S3's message names the missing right", async () => {
    const clock = new SleeplessClock();
    const words = denied({ isNamed: true });
    const getObject = () => Promise.reject(words);
    await expect(all(readTranscript(BUCKET, "s-1", context({ clock, s3: { getObject } })))).rejects.toBe(
      words,
    );
    expect(clock.slept).toEqual([]);
  });

  it("is read from a bucket of either of the accounts, and of no third", async () => {
    const asked: (string | undefined)[] = [];
    const getObject = ({ owner }: ObjectName) => {
      asked.push(owner);
      return owner === "210987654321" ? Promise.resolve(body()) : Promise.reject(denied());
    };
    const owners = ["123456789012", "210987654321"];
    expect(await all(readTranscript(BUCKET, "s-1", context({ owners, s3: { getObject } })))).toBe("one two");
    expect(asked).toEqual(owners);
    const third = all(
      readTranscript(BUCKET, "s-1", context({ owners: ["3".repeat(12)], s3: { getObject } })),
    );
    await expect(third).rejects.toMatchObject({
      advice: expect.stringContaining("belong to the account 333333333333 ('bucket-owner')") as string,
    });
  });

  it("is not waited for beyond patience", async () => {
    const clock = new SleeplessClock();
    expect(await all(readTranscript(BUCKET, "s-1", context({ clock })))).toBe("");
    expect(clock.slept).toHaveLength(10);
  });
});

describe("the location of the log", () => {
  it("has no page when the console of its partition is not known", () => {
    expect(cloudWatchLocation("/ecs/exec", "s-1", "us-iso-east-1").url).toBeUndefined();
  });

  it.each([
    ["eu-west-1", "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1"],
    ["cn-north-1", "https://cn-north-1.console.amazonaws.cn/cloudwatch/home?region=cn-north-1"],
    [
      "us-gov-west-1",
      "https://us-gov-west-1.console.amazonaws-us-gov.com/cloudwatch/home?region=us-gov-west-1",
    ],
    [
      "eusc-de-east-1",
      "https://eusc-de-east-1.console.amazonaws-eusc.eu/cloudwatch/home?region=eusc-de-east-1",
    ],
  ])("is on the console of its partition: %s", (region, page) => {
    expect(cloudWatchLocation("/ecs/exec", "s-1", region)).toEqual({
      kind: "cloudwatch",
      name: "/ecs/exec/s-1",
      group: "/ecs/exec",
      stream: "s-1",
      url: `${page}#logsV2:log-groups/log-group/$252Fecs$252Fexec$3FlogStreamNameFilter$3Ds-1`,
    });
  });

  it("is CloudWatch before S3", () => {
    expect(logLocation([GROUP, BUCKET], "s-1", "eu-west-1")).toMatchObject({ group: "/ecs/exec" });
  });

  it("has no page when the log may be missing", () => {
    const [first] = [{ ...GROUP, mayBeMissing: true as const }];
    expect(logLocation([GROUP], "s-1", "eu-west-1")).toMatchObject({ url: expect.any(String) as string });
    expect(logLocation([first], "s-1", "eu-west-1")).toMatchObject({ stream: "s-1", url: undefined });
  });

  it.each([
    ["shows", true],
    ["does not show", false],
    ["fails to show", undefined],
  ])("has its page only when CloudWatch %s the group", async (_how, exists) => {
    const hasGroup = (): Promise<boolean> =>
      exists === undefined ? Promise.reject(new Error("denied")) : Promise.resolve(exists);
    const location = cloudWatchLocation("/ecs/exec", "s-1", "eu-west-1");
    const { url } = await withProvenPage(location, { hasGroup });
    expect(url).toBe(exists === true ? location.url : undefined);
  });

  it("is the object in S3 when that is all there is, and has no page", () => {
    expect(logLocation([BUCKET], "s-1", "eu-west-1")).toEqual({
      kind: "s3",
      name: "s3://example-logs/exec/s-1.log",
    });
  });

  it("is none when nothing is logged", () => {
    expect(logLocation([], "s-1", "eu-west-1")).toBeUndefined();
  });
});
