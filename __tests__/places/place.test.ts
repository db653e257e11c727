import { type Place, takePlace, type PlaceOptions } from "../../src/places/place.ts";
import { type ClaimName, releaseClaim } from "../../src/places/claim.ts";
import type { ActiveSession } from "../../src/aws/ssm.ts";
import { Failure } from "../../src/errors.ts";
import { aTarget } from "../helpers/runs.ts";
import { randomOf } from "../helpers/seeds.ts";
import { Listener } from "../helpers/listener.ts";
import { ID } from "../helpers/tasks.ts";
import { SteppedClock } from "../helpers/stepped-clock.ts";
import { Bucket, denied } from "./bucket.ts";

const KEY = `fargate-exec/claims/${ID}/app.json`;
const CLAIM: ClaimName = { bucket: "example-ci", owner: "123456789012", key: KEY, run: "one" };
const SESSION_TARGET = `ecs:ci_${ID}_${ID}-1`;
/** What can be left of the pause between two looks. */
const POLL = [1, 5_000] as const;
/** Between two looks at sessions. */
const PAUSE = [300, 1_800] as const;

let clock: SteppedClock;
let bucket: Bucket;
let sessions: ActiveSession[];
let look: (target: string) => Promise<readonly ActiveSession[]>;
let ended: string[];
let taken: Place[];
beforeEach(() => {
  clock = new SteppedClock();
  bucket = new Bucket(clock);
  sessions = [];
  look = () => Promise.resolve([...sessions]);
  ended = [];
  taken = [];
});
afterEach(() => Promise.all(taken.map((place) => place.release())));

/** A run that asks for its place; `state` is how that stands. */
function asking(id: string, more: Partial<PlaceOptions> & { withBucket?: boolean } = {}) {
  const { withBucket = true, ...options } = more;
  const log = new Listener();
  const cancel = new AbortController();
  const claims: (ClaimName | undefined)[] = [];
  const run = { log, cancel, claims, state: "waiting" as "waiting" | "placed" | "failed" };
  const placed = takePlace({
    target: aTarget(),
    sessionTarget: `ecs:ci_${ID}_${ID}-1`,
    inputs: {
      bucket: withBucket ? "example-ci" : undefined,
      prefix: "fargate-exec/",
      kmsKeyId: undefined,
    },
    owner: "123456789012",
    origin: { id, url: `https://github.example/${id}` },
    aws: {
      s3: bucket,
      ssm: {
        activeSessions: (target) => look(target),
        terminateSession: (session) => Promise.resolve(void ended.push(session)),
      },
    },
    deadline: clock.now() + 600_000,
    clock,
    log,
    signal: cancel.signal,
    onClaim: (claim) => claims.push(claim),
    ...options,
  });
  const done = placed.then(
    (place) => {
      run.state = "placed";
      taken.push(place);
      return place;
    },
    (error: unknown) => {
      run.state = "failed";
      return error as Failure;
    },
  );
  const release = async (): Promise<void> => {
    const place = await done;
    if (place instanceof Error) throw place;
    await place.release();
  };
  const cancelled = async (): Promise<void> => {
    cancel.abort(new Error("cancelled"));
    await done;
  };
  return Object.assign(run, { done, release, cancelled });
}

/** Lets all that can go on without time passing go on. */
async function settled(): Promise<void> {
  for (let i = 0; i < 50; i += 1) await Promise.resolve();
}

describe("with a bucket", () => {
  it("the first run has the place at once, on record before it is claimed", async () => {
    const run = asking("one");
    bucket.before(() => (run.claims.length === 0 ? new Error("not on record") : undefined));
    await run.done;
    expect([...bucket.objects.keys()]).toEqual([KEY]);
    expect(bucket.written()).toEqual({
      run: "one",
      url: "https://github.example/one",
      since: "2023-11-14T22:13:20.000Z",
      until: "2023-11-14T22:14:50.000Z",
    });
    expect(run.log.lines).toEqual([]);
    await run.release();
    await run.release();
    expect(bucket.objects.size).toBe(0);
    expect(run.claims).toEqual([CLAIM, undefined]);
  });

  it("another waits for it, says so, again after half a minute, and follows when it is given back", async () => {
    const one = asking("one");
    await one.done;
    const two = asking("two");
    await clock.pass(...POLL);
    await clock.pass(...POLL);
    await settled();
    expect(two.state).toBe("waiting");
    expect(two.log.lines).toEqual([
      `Container 'app' of task ${ID} is in use by https://github.example/one since 22:13:20 UTC; waiting for its place (limit: one session of this action at a time).`,
    ]);
    const begun = clock.now();
    while (clock.now() < begun + 32_000) {
      await clock.pass(...POLL);
      await settled();
    }
    expect(two.log.lines.slice(1)).toEqual([
      expect.stringMatching(
        /^waiting for the place in container 'app', in use by https:\/\/github\.example\/one since 22:13:20 UTC \(3\d s\)$/,
      ),
    ]);
    await one.release();
    await clock.pass(...POLL);
    await two.done;
    expect(bucket.written()?.run).toBe("two");
    expect(two.log.lines[2]).toMatch(/^The place in container 'app' is free \(\d+ s\)\.$/);
  });

  it("many runs have the place one at a time, and each gets it", async () => {
    const runs = Array.from({ length: 6 }, (_, at) => asking(`run-${at}`));
    const order: number[] = [];
    while (order.length < runs.length) {
      await settled();
      const placed = runs.flatMap((run, at) => (run.state === "placed" && !order.includes(at) ? [at] : []));
      expect(placed.length).toBeLessThanOrEqual(1);
      const [next] = placed;
      if (next === undefined) await clock.pass(...POLL);
      else {
        await runs[next]?.release();
        order.push(next);
      }
    }
    expect(order.toSorted()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(bucket.objects.size).toBe(0);
  });

  it.each([
    ["an address with a newline and a command", `https://x.example/\\n::set-output name=a::b`],
    ["no web address", "javascript:alert(1)"],
    ["an address without TLS", "http://x.example/"],
    ["an address with a password", "https://user:password@x.example/"],
    ["a number", "7"],
  ])("a waiting run logs no more of the other run than a web address: %s", async (_, url) => {
    await bucket.putIf(
      { bucket: "example-ci", key: KEY },
      Buffer.from(`{"run":"x","url":"${url}","since":7}`),
      "absent",
    );
    const run = asking("one");
    await clock.pass(...POLL);
    const [line = ""] = run.log.lines;
    const who = url.startsWith("https://x") ? "https://x.example/::set-output%20name=a::b" : "an unknown run";
    expect(line).toContain(`is in use by ${who}; waiting`);
    await run.cancelled();
  });

  it.each(["null", "[]", "7", "{", `{"run":{"toString":1},"url":[]}`])(
    "a claim that is none of ours ages like any other: %s",
    async (text) => {
      await bucket.putIf({ bucket: "example-ci", key: KEY }, Buffer.from(text), "absent");
      const run = asking("one");
      await clock.pass(...POLL);
      expect(run.log.lines[0]).toContain("is in use by an unknown run; waiting");
      await run.cancelled();
    },
  );

  it("says who has it now when that changes", async () => {
    const one = asking("one");
    await one.done;
    const waiting = asking("three");
    await settled();
    await one.release();
    const two = asking("two");
    await two.done;
    await clock.pass(...POLL);
    await settled();
    expect(waiting.log.lines.map((line) => /in use by \S+/.exec(line)?.[0])).toEqual([
      "in use by https://github.example/one",
      "in use by https://github.example/two",
    ]);
    waiting.cancel.abort(new Error("enough"));
    await waiting.done;
  });

  it("containers and tasks have places of their own", async () => {
    await asking("one").done;
    await asking("two", { target: aTarget({ container: "sidecar" }) }).done;
    await asking("three", { target: aTarget({ taskId: "f".repeat(32) }) }).done;
    expect(bucket.objects.size).toBe(3);
  });

  it("a claim is renewed as long as it is held, and so never taken over", async () => {
    const one = asking("one");
    await one.done;
    const two = asking("two");
    while (clock.now() < 1_700_000_000_000 + 200_000) {
      await clock.pass(1, 30_000);
      await settled();
    }
    expect(two.state).toBe("waiting");
    expect(bucket.written()?.run).toBe("one");
    expect(Date.parse(bucket.written()?.until ?? "")).toBeGreaterThan(clock.now() + 50_000);
    two.cancel.abort(new Error("enough"));
    await two.done;
  });

  it("the claim of a dead run is taken over once it is 90 s old, by one run only", async () => {
    const dead = JSON.stringify({ run: "dead", url: "https://github.example/dead", since: "x", until: "x" });
    bucket.objects.set(KEY, { bytes: Buffer.from(dead), etag: '"old"', at: clock.now() });
    const two = asking("two");
    const three = asking("three");
    while (clock.now() <= 1_700_000_000_000 + 89_000) {
      await settled();
      expect([two.state, three.state]).toEqual(["waiting", "waiting"]);
      await clock.pass(1, 5_000);
    }
    clock.advance(10_000);
    await settled();
    expect([two.state, three.state].toSorted()).toEqual(["placed", "waiting"]);
    const [taker, other] = two.state === "placed" ? [two, three] : [three, two];
    expect(taker.log.lines.join("\n")).toMatch(
      /Took the place of https:\/\/github.example\/dead, which did not renew/,
    );
    other.cancel.abort(new Error("enough"));
    await other.done;
  });

  describe("the session that the claim of a dead run names", () => {
    const OURS = "ecs-execute-command-0123456789abcdefg";

    async function takeOver(claim: object): Promise<readonly string[]> {
      const bytes = Buffer.from(
        JSON.stringify({ run: "dead", url: "https://github.example/dead", ...claim }),
      );
      bucket.objects.set(KEY, { bytes, etag: '"old"', at: clock.now() - 91_000 });
      const run = asking("two");
      await run.done;
      expect(run.state).toBe("placed");
      return run.log.lines;
    }

    it("is ended where it has lost its client", async () => {
      sessions = [{ id: OURS, status: "Disconnected", since: 0 }];
      const [, told] = await takeOver({ session: OURS });
      expect(ended).toEqual([OURS]);
      expect(told).toBe(`Ended session ${OURS} of that run, which had lost its client.`);
    });

    it.each<[string, ActiveSession[], unknown]>([
      ["has its client", [{ id: OURS, status: "Connected", since: 0 }], OURS],
      ["is not of this container, or is over", [], OURS],
      ["is another one than that without a client", [{ id: "s-2", status: "Disconnected", since: 0 }], OURS],
      ["is no text", [{ id: OURS, status: "Disconnected", since: 0 }], { id: OURS }],
      ["is not named", [{ id: OURS, status: "Disconnected", since: 0 }], undefined],
    ])("is left alone where it %s", async (_, active, session) => {
      sessions = active;
      expect(await takeOver({ session })).toHaveLength(1);
      expect(ended).toEqual([]);
    });

    it("is left to the container where sessions may not be listed, and one line names the right", async () => {
      look = () => Promise.reject(denied("ssm:DescribeSessions"));
      const [, told] = await takeOver({ session: OURS });
      expect(told).toBe(
        "The session of that run was not ended; its attacher ends it. Access denied: the credentials have no right to ssm:DescribeSessions.",
      );
    });
  });

  it("a claim names the last session of its run from the next renewal on", async () => {
    const run = asking("one");
    const place = (await run.done) as Place;
    place.onSession("first");
    place.onSession("second");
    expect(bucket.written()).not.toHaveProperty("session");
    await clock.pass(30_000);
    await settled();
    expect(bucket.written()).toMatchObject({ run: "one", session: "second" });
  });

  it("a run whose claim was taken over says so, renews no more and leaves the other's alone", async () => {
    const one = asking("one");
    await one.done;
    bucket.before((operation) => (operation === "PutObject" ? new Error("no network") : undefined));
    for (let i = 0; i < 3; i += 1) await clock.pass(30_000);
    await settled();
    clock.advance(5_000);
    bucket.before(() => undefined);
    const two = asking("two");
    await two.done;
    await clock.pass(25_000);
    await settled();
    expect(one.log.lines).toEqual([
      expect.stringContaining("was not renewed"),
      expect.stringContaining("was lost to another run"),
    ]);
    await one.release();
    expect(bucket.written()?.run).toBe("two");
  });

  it.each(["on the first claim", "on a renewal"])("an answer that is lost %s costs nothing", async (when) => {
    if (when === "on the first claim") bucket.loseAnswer();
    const one = asking("one");
    await one.done;
    if (when === "on a renewal") bucket.loseAnswer();
    await clock.pass(30_000);
    await settled();
    await clock.pass(30_000);
    await settled();
    expect(bucket.objects.get(KEY)?.at).toBe(clock.now());
    await one.release();
    expect([bucket.objects.size, one.log.lines]).toEqual([0, []]);
  });

  it("gives up at the deadline, and says who has it", async () => {
    await asking("one").done;
    const two = asking("two", { deadline: clock.now() + 20_000 });
    await settled();
    while (two.state === "waiting") {
      await clock.pass(...POLL);
      await settled();
    }
    const failure = (await two.done) as Failure;
    expect(failure).toMatchObject({ code: "container-busy" });
    expect(failure.seen).toContain("in use by https://github.example/one since 22:13:20 UTC");
    expect(two.claims.at(-1)).toBeUndefined();
  });

  it("does not wait at all where it has no time, and does not say that it would", async () => {
    await asking("one").done;
    const two = asking("two", { deadline: clock.now() });
    expect(await two.done).toMatchObject({
      code: "container-busy",
      failed: expect.stringMatching(/had no place for this run\.$/) as string,
    });
    expect([two.log.lines, two.claims.at(-1)]).toEqual([[], undefined]);
  });

  it("a cancel ends the waiting at once", async () => {
    await asking("one").done;
    const two = asking("two");
    await settled();
    two.cancel.abort(new Error("cancelled"));
    expect(await two.done).toBeInstanceOf(Error);
    expect(bucket.written()?.run).toBe("one");
  });

  it("a cancel while the claim is made leaves none", async () => {
    const one = asking("one");
    bucket.before(() => {
      one.cancel.abort(new Error("cancelled"));
      return undefined;
    });
    expect(await one.done).toMatchObject({ message: "cancelled" });
    expect(bucket.objects.size).toBe(0);
  });

  it("a claim that can't be given back is told, and stays on record", async () => {
    const one = asking("one");
    await one.done;
    bucket.before(() => new Error("no network"));
    await one.release();
    expect(one.log.lines).toEqual([expect.stringContaining("ends by itself after 90 s")]);
    expect(one.claims.at(-1)).toEqual(CLAIM);
  });

  it("the cleanup deletes the claim of its own run only", async () => {
    await asking("one").done;
    await releaseClaim(bucket, { bucket: "example-ci", key: KEY, run: "two" }, new Listener());
    expect(bucket.objects.size).toBe(1);
    await releaseClaim(bucket, { bucket: "example-ci", key: KEY, run: "one" }, new Listener());
    await releaseClaim(bucket, { bucket: "example-ci", key: KEY, run: "one" }, new Listener());
    expect(bucket.objects.size).toBe(0);
  });

  it.each(["PutObject", "GetObject"])(
    "without s3:%s sessions are looked at, and no claim stays",
    async (what) => {
      bucket.before((operation) => (operation === what ? denied(`s3:${what}`) : undefined));
      const one = asking("one");
      await clock.pass(...PAUSE);
      await one.done;
      expect(bucket.objects.size).toBe(0);
      expect(one.log.lines).toEqual([
        `Access denied: the credentials have no right to s3:${what}. Without a claim runs take turns by looking at the container's sessions.`,
      ]);
      expect(one.claims.at(-1)).toBeUndefined();
    },
  );

  it("a claim that is gone when it is read, and so denied without s3:ListBucket, is no missing right", async () => {
    const one = asking("one");
    await one.done;
    bucket.before((operation) => {
      if (operation !== "GetObject" || !bucket.objects.delete(KEY)) return undefined;
      bucket.before(() => undefined);
      return denied("s3:GetObject");
    });
    const two = asking("two");
    await two.done;
    expect([bucket.written()?.run, two.log.lines]).toEqual(["two", []]);
  });

  describe("that keeps versions", () => {
    beforeEach(() => {
      bucket.versioned = true;
    });

    /** A run that renews its claim three times and gives it back. */
    async function throughRenewals() {
      const one = asking("one");
      await one.done;
      for (let i = 0; i < 3; i += 1) {
        await clock.pass(30_000);
        await settled();
      }
      expect(bucket.objects.get(KEY)?.at).toBe(clock.now());
      return one;
    }

    it("a claim has one version while it is held, and none afterwards", async () => {
      const one = await throughRenewals();
      expect(bucket.versionsOf(KEY)).toHaveLength(1);
      await one.release();
      expect([bucket.versionsOf(KEY), one.log.lines]).toEqual([[], []]);
    });

    it("a claim that was taken over leaves no version either", async () => {
      const dead = JSON.stringify({ run: "dead", url: "x", since: "x", until: "x" });
      const old = { bytes: Buffer.from(dead), etag: '"old"', versionId: "v0", at: clock.now() - 91_000 };
      bucket.objects.set(KEY, old);
      const two = asking("two");
      await two.done;
      await two.release();
      expect(bucket.versionsOf(KEY)).toEqual([]);
    });

    it("without s3:DeleteObjectVersion it is hidden as a whole, so that no version of it comes back, and told once", async () => {
      bucket.before((operation) =>
        operation === "DeleteObjectVersion" ? denied("s3:DeleteObjectVersion") : undefined,
      );
      const one = await throughRenewals();
      await one.release();
      expect(bucket.objects.size).toBe(0);
      expect(bucket.versionsOf(KEY)[0]).toBe("marker");
      expect(one.log.lines).toEqual([expect.stringMatching(/^warning: .*'s3:DeleteObjectVersion'/)]);
      const two = asking("two");
      await two.done;
      expect(bucket.written()?.run).toBe("two");
    });

    it("the cleanup deletes all versions of its run", async () => {
      const one = asking("one");
      await one.done;
      bucket.before((operation) =>
        operation === "DeleteObjectVersion" ? new Error("no network") : undefined,
      );
      await clock.pass(30_000);
      await settled();
      expect(bucket.versionsOf(KEY)).toHaveLength(2);
      bucket.before(() => undefined);
      await releaseClaim(bucket, CLAIM, one.log);
      expect(bucket.versionsOf(KEY)).toEqual([]);
    });
  });

  it("a claim that is larger than claims are counts as that of an unknown run, and is not read", async () => {
    const large = JSON.stringify({ run: "one", url: "https://example.com/".padEnd(5_000, "x") });
    bucket.objects.set(KEY, { bytes: Buffer.from(large), etag: '"large"', at: clock.now() });
    const one = asking("one", { deadline: clock.now() });
    expect(await one.done).toMatchObject({ seen: expect.stringContaining("an unknown run") as string });
  });

  it("the cleanup reports it when it can't see whether the claim is there", async () => {
    bucket.before((operation) => (operation === "GetObject" ? denied("s3:GetObject") : undefined));
    const log = new Listener();
    await releaseClaim(bucket, CLAIM, log);
    expect(log.lines).toEqual([expect.stringContaining("ends by itself after 90 s")]);
  });

  it("makes no call for a task that this run has started", async () => {
    await asking("one", { target: aTarget({ started: true }) }).done;
    expect(bucket.calls).toEqual([]);
  });
});

describe("without a bucket", () => {
  const busy = { id: "ecs-execute-command-a", status: "Connected", since: 1_700_000_000_000 };

  it("looks twice, with a pause in between, by the target of the container's sessions", async () => {
    const asked: string[] = [];
    look = (target) => {
      asked.push(target);
      return Promise.resolve([]);
    };
    const one = asking("one", { withBucket: false });
    await clock.pass(...PAUSE);
    await one.done;
    expect(asked).toEqual([SESSION_TARGET, SESSION_TARGET]);
    expect([bucket.calls, one.log.lines]).toEqual([[], []]);
  });

  it("of many runs that begin at once, two hardly ever start before the session of the first is listed", async () => {
    const [many, seenAfter, rounds] = [13, 200, 40];
    let followers = 0;
    for (let seed = 1; seed <= rounds; seed += 1) {
      sessions = [];
      const random = randomOf(seed);
      const runs = Array.from({ length: many }, (_, at) =>
        asking(`${seed}-${at}`, { withBucket: false, random }),
      );
      const begun = (): number => runs.filter(({ state }) => state === "placed").length;
      while (begun() === 0) {
        clock.advance(10);
        await settled();
      }
      for (let ms = 0; ms < seenAfter; ms += 10) {
        clock.advance(10);
        await settled();
      }
      followers += begun() - 1;
      for (const { cancel } of runs) cancel.abort(new Error("enough"));
      await settled();
    }
    // Evenly spread over the same pause they would be nearly two.
    expect(followers / rounds).toBeLessThan(1.1);
  });

  it("waits while there is a session, and says which", async () => {
    sessions = [busy];
    const one = asking("one", { withBucket: false });
    await clock.pass(...POLL);
    await clock.pass(...POLL);
    await settled();
    expect(one.log.lines).toEqual([
      expect.stringContaining("in use by session ecs-execute-command-a since 22:13:20 UTC; waiting"),
    ]);
    sessions = [];
    await clock.pass(...POLL);
    await clock.pass(300, 4_300);
    await one.done;
  });

  it.each([
    [
      "a lone session without a client for 45 s only, and says that it goes on beside it",
      ["Disconnected"],
      true,
    ],
    ["a session that has a client for ever", ["Connected"], false],
    [
      "two sessions without a client for ever, since they fill the container",
      ["Disconnected", "Disconnected"],
      false,
    ],
  ])("waits for %s", async (_, statuses, passes) => {
    sessions = statuses.map((status, at) => ({ ...busy, id: `ecs-execute-command-${at}`, status }));
    const began = clock.now();
    const one = asking("one", { withBucket: false });
    while (one.state === "waiting" && clock.now() < began + 150_000) {
      clock.advance(500);
      await settled();
    }
    expect(one.state).toBe(passes ? "placed" : "waiting");
    expect(one.log.lines.join("\n").includes("s: this run goes on beside it")).toBe(passes);
    expect(clock.now() - began).toBeGreaterThanOrEqual(45_000);
  });

  it("waits again for one that came during the pause", async () => {
    const one = asking("one", { withBucket: false });
    await settled();
    sessions = [busy];
    await clock.pass(...PAUSE);
    await settled();
    expect(one.state).toBe("waiting");
    sessions = [];
    await clock.pass(...POLL);
    await clock.pass(300, 4_300);
    await one.done;
  });

  it("gives up at the deadline", async () => {
    sessions = [busy];
    const one = asking("one", { withBucket: false, deadline: clock.now() + 1_000 });
    await clock.pass(1_000);
    expect(await one.done).toMatchObject({
      code: "container-busy",
      seen: expect.stringContaining("session ecs-execute-command-a") as string,
    });
  });

  it("goes on after a moment where it may not look, and names the right", async () => {
    look = () => Promise.reject(denied("ssm:DescribeSessions"));
    const one = asking("one", { withBucket: false });
    await clock.pass(0, 1_000);
    await one.done;
    expect(one.log.lines).toEqual([
      "The container's other sessions can't be listed, so two runs may open sessions at once. Access denied: the credentials have no right to ssm:DescribeSessions.",
    ]);
  });

  it("goes on where looking fails, and says why", async () => {
    look = () =>
      Promise.reject(
        new Failure("aws-unreachable", {
          failed: "No way to ssm.",
          seen: "timed out",
          advice: "An endpoint.",
        }),
      );
    const one = asking("one", { withBucket: false });
    await clock.pass(0, 1_000);
    await one.done;
    expect(one.log.lines).toEqual([expect.stringContaining("No way to ssm.")]);
  });
});
