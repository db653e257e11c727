import { s3Calls } from "../../src/aws/s3-calls.ts";
import { type Answer, endpoint, type Endpoint, type ReceivedRequest } from "../helpers/aws-endpoint.ts";

let open: Endpoint;
afterEach(() => open.close());

const xml = (body: string): Answer => ({ headers: { "content-type": "application/xml" }, body });
const DENIED: Answer = {
  status: 403,
  headers: { "content-type": "application/xml" },
  body: "<Error><Code>AccessDenied</Code><Message>no</Message></Error>",
};

/** A bucket with these versions of each object, the current one first. The version `null` stands for a bucket without versions. */
class FakeBucket {
  readonly objects: Map<string, string[]>;
  readonly requests: string[] = [];
  /** The key that DeleteObjects refuses. `all`: it refuses the whole call. */
  refuses: string | undefined;

  constructor(objects: Readonly<Record<string, readonly string[]>>) {
    this.objects = new Map(Object.entries(objects).map(([key, versions]) => [key, [...versions]]));
  }

  answer({ method, url, body }: ReceivedRequest): Answer {
    const { pathname, searchParams } = new URL(url, "http://x");
    const key = pathname.split("/").slice(2).join("/");
    this.requests.push(method === "POST" ? "POST" : `${method} ${key}`);
    if (method === "HEAD") {
      const version = this.objects.get(key)?.[0];
      if (version === undefined) return { status: 404, body: "" };
      return {
        headers: { etag: '"1"', ...(version !== "null" && { "x-amz-version-id": version }) },
        body: "",
      };
    }
    if (method === "DELETE") {
      this.#remove(key, searchParams.get("versionId") ?? undefined);
      return { status: 204, body: "" };
    }
    if (this.refuses === "all") return DENIED;
    const named = [...body.matchAll(/<Object>(.*?)<\/Object>/gs)].map(([object]) => ({
      key: /<Key>(.*)<\/Key>/.exec(object)?.[1] ?? "",
      version: /<VersionId>(.*)<\/VersionId>/.exec(object)?.[1],
    }));
    for (const each of named) if (each.key !== this.refuses) this.#remove(each.key, each.version);
    const errors = named.filter((each) => each.key === this.refuses);
    return xml(
      `<DeleteResult>${errors.map((each) => `<Error><Key>${each.key}</Key><Code>AccessDenied</Code></Error>`).join("")}</DeleteResult>`,
    );
  }

  #remove(key: string, version: string | undefined): void {
    const remaining = (this.objects.get(key) ?? []).filter((each) => each !== (version ?? "null"));
    if (remaining.length === 0) this.objects.delete(key);
    else this.objects.set(key, remaining);
  }
}

async function deleteAll(bucket: FakeBucket, keys: readonly string[]): Promise<string[]> {
  open = await endpoint((request) => bucket.answer(request));
  const { kept } = await s3Calls(open.clients).deleteObjects({ bucket: "stage" }, keys);
  expect([...bucket.objects.keys(), ...kept.keys()]).toEqual([]);
  return bucket.requests;
}

it("deletes a thousand objects of a bucket without versions by one HeadObject and one DeleteObjects", async () => {
  const keys = Array.from({ length: 1_500 }, (_, number) => `f/${number}`);
  const requests = await deleteAll(
    new FakeBucket(Object.fromEntries(keys.map((key) => [key, ["null"]]))),
    keys,
  );
  expect(requests).toEqual(["HEAD f/0", "POST", "HEAD f/1000", "POST"]);
});

it("deletes every version of objects in a bucket that keeps versions, and passes over what is gone", async () => {
  const bucket = new FakeBucket({ "f/0": ["v1"], "f/1": ["v3", "v2"], "f/3": ["v4"] });
  const requests = await deleteAll(bucket, ["f/0", "f/1", "f/2", "f/3"]);
  expect(requests.filter((request) => request === "POST")).toHaveLength(2);
  expect(requests.filter((request) => request.startsWith("DELETE"))).toEqual([]);
});

it("deletes an object that has more versions than a batch looks for by calls of its own", async () => {
  const versions = Array.from({ length: 8 }, (_, number) => `v${number}`);
  const requests = await deleteAll(new FakeBucket({ "f/0": versions, "f/1": ["v"] }), ["f/0", "f/1"]);
  expect(requests.filter((request) => request.startsWith("DELETE"))).toHaveLength(3);
});

it.each(["f/1", "all"])(
  "deletes each object that DeleteObjects refuses by a call of its own: %s",
  async (refuses) => {
    const bucket = new FakeBucket({ "f/0": ["null"], "f/1": ["null"] });
    bucket.refuses = refuses;
    const requests = await deleteAll(bucket, ["f/0", "f/1"]);
    expect(requests.filter((request) => request.startsWith("DELETE")).toSorted()).toEqual(
      refuses === "all" ? ["DELETE f/0", "DELETE f/1"] : ["DELETE f/1"],
    );
  },
);

it("begins no call of a batch when the time is over, and tells how many objects are left", async () => {
  const versions = Array.from({ length: 12 }, (_, number) => `v${number}`);
  const keys = Array.from({ length: 20 }, (_, number) => `f/${number}`);
  const bucket = new FakeBucket(Object.fromEntries(keys.map((key) => [key, versions])));
  let now = 0;
  open = await endpoint((request) => {
    now += 1_000;
    return bucket.answer(request);
  });
  const clock = { ...open.clients.clock, now: () => now };
  // The time ends among the calls for each object, after five rounds by a call for all.
  const s3 = s3Calls({ ...open.clients, clock });
  expect(await s3.deleteObjects({ bucket: "stage" }, keys, 120_000)).toEqual({ kept: new Map(), left: 20 });
  const calls = bucket.requests.length;
  expect([calls > 120, calls <= 121 + 8]).toEqual([true, true]);
});
