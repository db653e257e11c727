import type { ActiveSession } from "../../src/aws/ssm.ts";
import { Failure } from "../../src/errors.ts";
import { Listener } from "../helpers/listener.ts";
import { randomOf } from "../helpers/seeds.ts";
import { SteppedClock } from "../helpers/stepped-clock.ts";
import { ID } from "../helpers/tasks.ts";
import { accessDenied } from "./bucket.ts";
import { type AskingRun, SeatScene } from "./scene.ts";

const BEGUN = 1_700_000_000_000;
const SESSION_TARGET = `ecs:ci_${ID}_${ID}-1`;
/** What may be left of the pause between two looks while sessions are waited for. */
const POLL = [1, 5_000] as const;
/** The pause between two looks at the queue by the run that is next in line. */
const LOOK = [1, 240] as const;
/** The pause between the two looks at a free container. */
const PAUSE = [300, 1_800] as const;

let scene: SeatScene;
beforeEach(() => {
  scene = new SeatScene();
});
afterEach(async () => {
  await scene.end();
});

describe("with a bucket", () => {
  it("the first run has the seat at once, and records the claim before it makes it", async () => {
    const run = scene.ask("one");
    scene.bucket.before(() => (run.claims.length === 0 ? new Error("not on record") : undefined));
    await run.done;
    expect(scene.bucket.calls.toSorted()).toEqual(["GetObject", "PutObject"]);
    expect([...scene.bucket.objects.keys()]).toEqual([`fargate-exec/claims/${ID}/app.json`]);
    expect(scene.bucket.claims()).toEqual([
      {
        ...{ run: "one", state: "holds", url: "https://github.example/one" },
        ...{ job: "test", matrix: [2, 40] },
      },
    ]);
    expect(run.log.lines).toEqual([]);
    await run.release();
    await run.release();
    expect([scene.bucket.objects.size, scene.bucket.calls.slice(2)]).toEqual([0, ["DeleteObject"]]);
    expect(run.claims).toEqual([scene.claimOf("one"), undefined]);
  });

  it.each(["bucket-elsewhere", "bucket-not-found"] as const)(
    "a run fails with %s, and has no claim to give back, since none can have been written",
    async (code) => {
      const refusal = new Failure(code, { failed: "Not this bucket.", seen: "", advice: "" });
      scene.bucket.before(() => refusal);
      const run = scene.ask("one");
      expect(await run.done).toBe(refusal);
      expect(scene.bucket.calls.filter((call) => call.startsWith("Delete"))).toEqual([]);
      expect([run.claims.at(-1), run.log.lines]).toEqual([undefined, []]);
    },
  );

  it("a second run waits for the seat, says so each half minute, and has it as soon as it is given back", async () => {
    const one = scene.ask("one");
    await one.done;
    await scene.pass(60_000);
    const two = scene.ask("two");
    await scene.pass(61_000);
    const held = "in use by job 'test' (3 of 40) of https://github.example/one since 22:13:20 UTC";
    const goal = "waiting for its seat as number 1 in line";
    expect([two.state, two.log.lines]).toEqual([
      "waiting",
      [
        `Container 'app' of task ${ID} is ${held}; ${goal}, for at most 10 min ('queue-timeout').`,
        `Container 'app' of task ${ID} is still ${held}; ${goal} (30 s), for at most 10 min more ('queue-timeout').`,
        `Container 'app' of task ${ID} is still ${held}; ${goal} (60 s), for at most 9 min more ('queue-timeout').`,
      ],
    ]);
    await one.release();
    await scene.clock.pass(...LOOK);
    await two.done;
    expect(scene.bucket.holders()).toEqual(["two"]);
    expect(two.log.lines.at(-1)).toBe("The seat in container 'app' is free (61 s).");
  });

  it.each([
    ["is the next attempt's at once", ["one"], "placed"],
    ["keeps any other run waiting", [], "waiting"],
  ] as const)("a seat that could not be given back %s", async (_, earlier, state) => {
    const one = scene.ask("one");
    await one.done;
    const lost = new Failure("aws-unreachable", { failed: "S3 is away.", seen: "", advice: "" });
    scene.bucket.before(() => lost);
    await one.release();
    scene.bucket.before(() => undefined);
    const two = scene.ask("two", { earlier });
    await scene.pass(4_000);
    expect(two.state).toBe(state);
    if (state === "placed") expect(scene.bucket.holders()).toEqual(["two"]);
  });

  it.each([
    ["attaches to it", { attaches: true }],
    ["has lost its session", { own: ["of-back"] }],
  ])(
    "a run whose job is in the container, and which %s, goes before those whose jobs have not begun",
    async (_, how) => {
      const one = scene.ask("one");
      await one.done;
      const [two, back] = [scene.ask("two"), scene.ask("back", how)];
      await scene.pass(10_000);
      expect(scene.bucket.waiting()).toEqual(["back", "two"]);
      await one.release();
      await scene.pass(4_000);
      expect([two.state, back.state]).toEqual(["waiting", "placed"]);
    },
  );

  it("many runs have the seat one at a time, in the order of their arrival, and nothing is left", async () => {
    const runs = [];
    for (let at = 0; at < 6; at += 1) {
      runs.push(scene.ask(`run-${at}`));
      await scene.pass(100);
    }
    for (const [at, run] of runs.entries()) {
      await scene.pass(4_000);
      // Those before this one have given their seats back.
      expect(runs.map(({ state }) => state === "placed")).toEqual(runs.map((_, other) => other <= at));
      await run.release();
    }
    expect(scene.bucket.objects.size).toBe(0);
  });

  it.each([
    ["an address with a newline and a command", `https://x.example/\\n::set-output name=a::b`],
    ["no web address", "javascript:alert(1)"],
    ["an address without TLS", "http://x.example/"],
    ["an address with a password", "https://user:password@x.example/"],
    ["a number", "7"],
  ])("a waiting run logs no more of the other run than a web address: %s", async (_, url) => {
    scene.putQueue(
      `{"claims":[{"run":"x","url":"${url}","job":"a\\n::b","matrix":[9,"x"],"session":"\\n","since":7}]}`,
    );
    const run = scene.ask("one");
    await scene.pass(100);
    const [line = ""] = run.log.lines;
    const who = url.startsWith("https://x")
      ? "https://x.example/::set-output%20name=a::b"
      : "another run, forward or shell";
    expect(line).toContain(`is in use by ${who} since 22:13:20 UTC; waiting`);
    await run.stopWaiting();
  });

  it.each(["null", "[]", "7", "{", `{"run":{"toString":1},"url":[]}`])(
    "a queue that this action has not written counts as held by an unknown run: %s",
    async (text) => {
      scene.putQueue(text);
      const run = scene.ask("one");
      await scene.pass(100);
      expect(run.log.lines[0]).toContain(
        "is in use by another run, forward or shell since 22:13:20 UTC; waiting",
      );
      await run.stopWaiting();
    },
  );

  it("a waiting run says who has the seat, since when, and its number in line, when that has changed", async () => {
    const one = scene.ask("one");
    await one.done;
    const two = scene.ask("two");
    await scene.settle();
    const waiting = scene.ask("three");
    await scene.pass(10_000);
    await one.release();
    await scene.pass(25_000);
    expect(two.state).toBe("placed");
    expect(waiting.log.lines.map((line) => /\/(\w+ since \S+) .* (number \d)/.exec(line)?.slice(1))).toEqual([
      ["one since 22:13:20", "number 2"],
      ["two since 22:13:30", "number 1"],
    ]);
    await waiting.stopWaiting();
  });

  it("containers and tasks have seats of their own", async () => {
    await scene.ask("one").done;
    await scene.ask("two", { container: "sidecar" }).done;
    await scene.ask("three", { taskId: "f".repeat(32) }).done;
    expect(scene.bucket.objects.size).toBe(3);
  });

  it("a claim is renewed as long as its run has the seat or waits, and so is never taken over", async () => {
    const one = scene.ask("one");
    await one.done;
    const two = scene.ask("two");
    await scene.pass(300_000);
    expect(two.state).toBe("waiting");
    expect(scene.bucket.claims().map(({ run, state }) => [run, state])).toEqual([
      ["one", "holds"],
      ["two", "waits"],
    ]);
    await two.stopWaiting();
    expect(scene.bucket.claims().map(({ run }) => run)).toEqual(["one"]);
  });

  it("a claim is renewed also after two renewals that failed, which one line says", async () => {
    const one = scene.ask("one");
    await one.done;
    const failure = new Failure("aws-unreachable", { failed: "No way.", seen: "timed out", advice: "" });
    scene.bucket.before(() => failure);
    await scene.pass(61_000);
    scene.bucket.before(() => undefined);
    await scene.pass(61_000);
    expect(scene.writtenAt).toBeGreaterThan(scene.clock.now() - 31_000);
    expect(one.log.lines.filter((line) => line.includes("not renewed"))).toEqual([
      expect.stringContaining("timed out"),
    ]);
  });

  it("the claim of a dead run is taken over once it is 90 s old, by the next in line only", async () => {
    scene.putDeadClaim({ run: "dead", url: "https://github.example/dead" }, 0);
    const two = scene.ask("two");
    await scene.settle();
    const three = scene.ask("three");
    await scene.pass(89_000);
    expect([two.state, three.state]).toEqual(["waiting", "waiting"]);
    await scene.pass(3_000);
    expect([two.state, three.state]).toEqual(["placed", "waiting"]);
    expect(two.log.lines.join("\n")).toMatch(
      /Took the seat of https:\/\/github.example\/dead, which did not renew its claim for 9\d s\./,
    );
    await three.stopWaiting();
  });

  it("a dead run in line is passed over once its claim is 90 s old", async () => {
    scene.putDeadClaim({ run: "dead", state: "waits" }, 0);
    const two = scene.ask("two");
    await scene.pass(89_000);
    expect(two.state).toBe("waiting");
    expect(two.log.lines[0]).toContain(
      "is about to be given to another run; waiting for its seat as number 2",
    );
    await scene.pass(3_000);
    expect(two.state).toBe("placed");
  });

  it("the clocks of the runs don't matter", async () => {
    const one = scene.ask("one");
    await one.done;
    const late = new SteppedClock();
    late.advance(3_600_000);
    const two = scene.ask("two", { clock: late, deadline: late.now() + 600_000 });
    for (let passed = 0; passed < 120_000; passed += 100) {
      late.advance(100);
      scene.clock.advance(100);
      await scene.settle();
    }
    expect([two.state, scene.bucket.holders()]).toEqual(["waiting", ["one"]]);
    await two.stopWaiting();
  });

  describe("the session that the claim of a dead run names", () => {
    const OURS = "ecs-execute-command-0123456789abcdefg";

    async function takeOver(claim: object): Promise<readonly string[]> {
      scene.putDeadClaim({ run: "dead", url: "https://github.example/dead", ...claim }, 91_000);
      const run = scene.ask("two");
      await scene.settle();
      expect(scene.bucket.holders()).toEqual(["two"]);
      const { lines } = run.log;
      await run.stopWaiting();
      return lines;
    }

    it("is ended when it has lost its client", async () => {
      scene.sessions = [{ id: OURS, status: "Disconnected", since: 0 }];
      const [, line] = await takeOver({ session: OURS });
      expect(scene.ended).toEqual([OURS]);
      expect(line).toBe(`Ended that run's session ${OURS}, which had lost its client.`);
    });

    it.each<[string, ActiveSession[], unknown]>([
      ["has its client", [{ id: OURS, status: "Connected", since: 0 }], OURS],
      ["is not of this container, or is over", [], OURS],
      ["is not the one without a client", [{ id: "s-2", status: "Disconnected", since: 0 }], OURS],
      ["is no text", [{ id: OURS, status: "Disconnected", since: 0 }], { id: OURS }],
      ["is not named", [{ id: OURS, status: "Disconnected", since: 0 }], undefined],
    ])("is left alone when it %s", async (_, active, session) => {
      scene.sessions = active;
      const [, ...lines] = await takeOver({ session });
      expect(lines.filter((line) => !line.includes("; waiting for its end"))).toEqual([]);
      expect(scene.ended).toEqual([]);
    });

    it("is left to the container when sessions may not be listed, and one line names the right", async () => {
      scene.look = () => Promise.reject(accessDenied("ssm:DescribeSessions"));
      const lines = await takeOver({ session: OURS });
      expect(lines.filter((text) => text.includes("ssm:DescribeSessions"))).toEqual([
        "The container's sessions can't be seen, so the job may run beside sessions of others, and the session of a lost run ends by itself. Access denied: the credentials have no right to ssm:DescribeSessions.",
      ]);
      expect(scene.ended).toEqual([]);
    });
  });

  it("a claim names the last session of its run from the next renewal on", async () => {
    const run = scene.ask("one");
    const seat = await run.seat();
    seat.onSession("first");
    seat.onSession("second");
    expect(scene.bucket.claims()[0]).not.toHaveProperty("session");
    await scene.clock.pass(30_000);
    await scene.settle();
    expect(scene.bucket.claims()).toMatchObject([{ run: "one", session: "second" }]);
  });

  it("a run whose claim was taken over says so, renews no more, and leaves the other run's claim alone", async () => {
    const one = scene.ask("one");
    await one.done;
    scene.bucket.before((operation) => (operation === "PutObject" ? new Error("no network") : undefined));
    await scene.pass(92_000);
    scene.bucket.before(() => undefined);
    const two = scene.ask("two");
    await two.done;
    await scene.pass(30_000);
    expect(one.log.lines).toEqual([
      expect.stringContaining("was not renewed"),
      expect.stringContaining("was lost to another run"),
    ]);
    await one.release();
    expect(scene.bucket.holders()).toEqual(["two"]);
  });

  it.each(["on the first claim", "on a renewal", "as it joins the line", "as it takes its seat"])(
    "an answer that is lost %s costs nothing",
    async (when) => {
      scene.bucket.versioned = true;
      const other =
        when === "as it joins the line" || when === "as it takes its seat" ? scene.ask("other") : undefined;
      await other?.done;
      if (when === "on the first claim" || when === "as it joins the line") scene.bucket.loseAnswer();
      const one = scene.ask("one");
      await scene.settle();
      void other?.release();
      await scene.settle();
      if (when === "as it takes its seat") scene.bucket.loseAnswer();
      await scene.pass(1_000);
      expect(one.state).toBe("placed");
      if (when === "on a renewal") scene.bucket.loseAnswer();
      await scene.pass(61_000);
      expect(scene.writtenAt).toBeGreaterThan(scene.clock.now() - 31_000);
      await one.release();
      await scene.settle();
      expect([scene.versions, one.log.lines.filter((line) => /lost|not/.test(line))]).toEqual([[], []]);
    },
  );

  it("a run gives up at the deadline, and says who has the seat", async () => {
    await scene.ask("one").done;
    const two = scene.ask("two", { deadline: scene.clock.now() + 20_000 });
    await scene.pass(20_100);
    const failure = (await two.done) as Failure;
    expect(failure).toMatchObject({ code: "container-busy" });
    expect(failure.failed).toContain("had no seat for this run within 20 s.");
    expect(failure.seen).toContain(
      "in use by job 'test' (3 of 40) of https://github.example/one since 22:13:20 UTC",
    );
    expect(failure.advice).toContain("'queue-timeout'");
    expect(two.claims.at(-1)).toBeUndefined();
    expect(scene.bucket.claims().map(({ run }) => run)).toEqual(["one"]);
  });

  it("a run without time does not wait at all, and does not say that it would", async () => {
    await scene.ask("one").done;
    const two = scene.ask("two", { deadline: scene.clock.now() });
    expect(await two.done).toMatchObject({
      code: "container-busy",
      failed: expect.stringMatching(/had no seat for this run\.$/) as string,
    });
    expect([two.log.lines, two.claims.at(-1)]).toEqual([[], undefined]);
    expect(scene.bucket.calls.filter((call) => call === "PutObject")).toHaveLength(2);
    expect(scene.bucket.claims().map(({ run }) => run)).toEqual(["one"]);
  });

  it("a cancel ends the waiting at once", async () => {
    await scene.ask("one").done;
    const two = scene.ask("two");
    await scene.settle();
    expect(scene.bucket.claims()).toHaveLength(2);
    two.cancel.abort(new Error("cancelled"));
    expect(await two.done).toMatchObject({ message: "cancelled" });
    expect(scene.bucket.claims().map(({ run }) => run)).toEqual(["one"]);
    expect(two.claims.at(-1)).toBeUndefined();
  });

  it("a cancel while the claim is made leaves none", async () => {
    const one = scene.ask("one");
    scene.bucket.before(() => {
      scene.bucket.before(() => undefined);
      one.cancel.abort(new Error("cancelled"));
      return undefined;
    });
    expect(await one.done).toMatchObject({ message: "cancelled" });
    expect(scene.bucket.objects.size).toBe(0);
  });

  it("a claim that can't be given back is reported, and stays in the ledger", async () => {
    const one = scene.ask("one");
    await one.done;
    scene.bucket.before(() => new Error("no network"));
    await one.release();
    expect(one.log.lines).toEqual([expect.stringContaining("ends by itself after 90 s")]);
    expect(one.claims.at(-1)).toEqual(scene.claimOf("one"));
  });

  it("the cleanup deletes the claim of its own run only", async () => {
    await scene.ask("one").done;
    await scene.cleanUp("two");
    expect(scene.bucket.objects.size).toBe(1);
    await scene.cleanUp("one");
    await scene.cleanUp("one");
    expect(scene.bucket.objects.size).toBe(0);
  });

  it.each(["PutObject", "GetObject"])(
    "without s3:%s, and with a claim of another run, sessions are looked at, and no claim of this run stays",
    async (what) => {
      const other = scene.ask("two");
      await other.done;
      scene.bucket.before((operation) => (operation === what ? accessDenied(`s3:${what}`) : undefined));
      const one = scene.ask("one");
      await scene.pass(10_000);
      expect([one.state, scene.bucket.claims().map(({ run }) => run)]).toEqual(["placed", ["two"]]);
      expect(one.log.lines).toEqual([
        `Access denied: the credentials have no right to s3:${what}. Without a claim runs take turns by looking at the container's sessions.`,
      ]);
      expect(one.claims.at(-1)).toBeUndefined();
    },
  );

  it("without s3:GetObject sessions are looked at, too, when the seat is free, and no claim stays", async () => {
    scene.bucket.before((operation) =>
      operation === "GetObject" ? accessDenied("s3:GetObject") : undefined,
    );
    const one = scene.ask("one");
    await scene.pass(10_000);
    expect([one.state, scene.bucket.objects.size, one.claims.at(-1)]).toEqual(["placed", 0, undefined]);
    expect(one.log.lines).toEqual([
      expect.stringContaining("right to s3:GetObject. Without a claim runs take"),
    ]);
  });

  it("a job of a matrix of many fails when claims are denied, because looks don't keep so many apart", async () => {
    scene.bucket.before((operation) =>
      operation === "GetObject" ? accessDenied("s3:GetObject") : undefined,
    );
    const one = scene.ask("one", { matrix: { index: 2, total: 40, atOnce: 3 } });
    expect(await one.done).toMatchObject({ code: "access-denied" });
    expect([scene.bucket.objects.size, one.claims.at(-1)]).toEqual([0, undefined]);
  });

  it("a denied read of a queue that is gone, as without s3:ListBucket, does not count as a missing right", async () => {
    const one = scene.ask("one");
    await one.done;
    scene.bucket.before((operation) => {
      if (operation !== "GetObject" || !scene.deleteQueue()) return undefined;
      scene.bucket.before(() => undefined);
      return accessDenied("s3:GetObject");
    });
    const two = scene.ask("two");
    await scene.pass(500);
    expect([two.state, scene.bucket.holders(), two.log.lines]).toEqual(["placed", ["two"], []]);
  });

  it("a run in line outlasts an S3 that can't be reached, and says so once", async () => {
    const one = scene.ask("one");
    await one.done;
    const two = scene.ask("two");
    await scene.settle();
    const failure = new Failure("aws-unreachable", { failed: "No way.", seen: "timed out", advice: "" });
    scene.bucket.before(() => failure);
    await scene.pass(20_000);
    scene.bucket.before(() => undefined);
    await one.release();
    await scene.pass(11_000);
    expect(two.state).toBe("placed");
    expect(two.log.lines.filter((line) => line.includes("timed out"))).toHaveLength(1);
  });

  describe("that keeps versions", () => {
    beforeEach(() => {
      scene.bucket.versioned = true;
    });

    /** Starts a run, and lets it renew its claim three times. */
    async function runThroughRenewals() {
      const one = scene.ask("one");
      await one.done;
      for (let i = 0; i < 3; i += 1) {
        await scene.clock.pass(30_000);
        await scene.settle();
      }
      expect(scene.writtenAt).toBe(scene.clock.now());
      return one;
    }

    it("a claim has one version while it is held, and none afterwards", async () => {
      const one = await runThroughRenewals();
      expect(scene.versions).toHaveLength(1);
      await one.release();
      expect([scene.versions, one.log.lines]).toEqual([[], []]);
    });

    it("a claim that was taken over leaves no version either", async () => {
      scene.putDeadClaim({ run: "dead" }, 91_000);
      const two = scene.ask("two");
      await two.done;
      await two.release();
      expect(scene.versions).toEqual([]);
    });

    it("without s3:DeleteObjectVersion the whole queue is hidden, so that no version of it comes back, and one warning says so", async () => {
      scene.bucket.before((operation) =>
        operation === "DeleteObjectVersion" ? accessDenied("s3:DeleteObjectVersion") : undefined,
      );
      const one = await runThroughRenewals();
      await one.release();
      expect(scene.bucket.objects.size).toBe(0);
      expect(scene.versions[0]).toBe("marker");
      expect(one.log.lines).toEqual([expect.stringMatching(/^warning: .*'s3:DeleteObjectVersion'/)]);
      const two = scene.ask("two");
      await two.done;
      expect(scene.bucket.holders()).toEqual(["two"]);
    });

    it("the cleanup deletes all versions of its run", async () => {
      const one = scene.ask("one");
      await one.done;
      scene.bucket.before((operation) =>
        operation === "DeleteObjectVersion" ? new Error("no network") : undefined,
      );
      await scene.clock.pass(30_000);
      await scene.settle();
      expect(scene.versions).toHaveLength(2);
      scene.bucket.before(() => undefined);
      await scene.cleanUp("one");
      expect(scene.versions).toEqual([]);
    });

    it("a run that comes while the last one deletes the queue is still in it", async () => {
      const one = scene.ask("one");
      await one.done;
      let two: AskingRun | undefined;
      scene.bucket.before((operation) => {
        if (operation === "DeleteObjectVersion") two ??= scene.ask("two");
        return undefined;
      });
      await one.release();
      await scene.pass(500);
      expect([two?.state, scene.bucket.holders()]).toEqual(["placed", ["two"]]);
    });
  });

  it("a queue that is too large counts as held by an unknown run, and is not read", async () => {
    scene.putLargeQueue();
    const one = scene.ask("one", { deadline: scene.clock.now() });
    expect(await one.done).toMatchObject({
      seen: expect.stringContaining("another run, forward or shell") as string,
    });
  });

  it("the cleanup reports it when it can't see whether the claim is there", async () => {
    scene.bucket.before((operation) =>
      operation === "GetObject" ? accessDenied("s3:GetObject") : undefined,
    );
    const log = new Listener();
    await scene.cleanUp("one", log);
    expect(log.lines).toEqual([expect.stringContaining("ends by itself within 5 minutes")]);
  });

  it("without s3:DeleteObject the seat is given back all the same, and an empty queue stays", async () => {
    const one = scene.ask("one");
    await one.done;
    scene.bucket.before((operation) =>
      operation === "DeleteObject" ? accessDenied("s3:DeleteObject") : undefined,
    );
    await one.release();
    expect([scene.bucket.claims(), one.claims.at(-1)]).toEqual([[], undefined]);
    expect(one.log.lines).toEqual([
      expect.stringMatching(/^The empty queue s3:\/\/.* stays\. .*s3:DeleteObject/),
    ]);
    const two = scene.ask("two");
    await two.done;
    expect(scene.bucket.holders()).toEqual(["two"]);
  });

  describe("sessions that no run of this action has opened", () => {
    const shell = { id: "ecs-execute-command-shell", status: "Connected", since: BEGUN };

    it("are waited for, with the seat held, and named", async () => {
      scene.sessions = [shell];
      const one = scene.ask("one");
      await scene.pass(31_000);
      expect([one.state, scene.bucket.holders()]).toEqual(["waiting", ["one"]]);
      expect(one.log.lines[0]).toBe(
        `Container 'app' of task ${ID} is in use by session ${shell.id} since 22:13:20 UTC; waiting for its end (no run in this queue has opened it), for at most 10 min ('queue-timeout').`,
      );
      scene.sessions = [];
      await scene.pass(2_000);
      expect([one.state, one.log.lines.at(-1)]).toEqual([
        "placed",
        expect.stringMatching(/^The seat in container 'app' is free \(3\d s\)\.$/),
      ]);
    });

    it("fail the run at the deadline, and its seat is given back", async () => {
      scene.sessions = [shell, { ...shell, id: "another" }];
      const one = scene.ask("one", { deadline: scene.clock.now() + 5_000 });
      await scene.pass(5_200);
      expect(await one.done).toMatchObject({
        code: "container-busy",
        seen: expect.stringContaining(
          `in use by sessions ${shell.id} and another since 22:13:20 UTC`,
        ) as string,
      });
      expect([scene.bucket.objects.size, one.claims.at(-1)]).toEqual([0, undefined]);
    });

    it.each(["Disconnected", "Connecting"])("are waited for 43 s when the only one is %s", async (status) => {
      scene.sessions = [{ ...shell, status }];
      const one = scene.ask("one");
      await scene.pass(42_000);
      expect(one.state).toBe("waiting");
      await scene.pass(5_000);
      expect(await one.seat()).toMatchObject({ isBesideOthers: true, isHeld: true });
    });

    it("are waited for for ever beside one of another run in the queue, as a third one would be in line", async () => {
      const sharing = { shares: Promise.resolve(true) };
      const one = scene.ask("one", sharing);
      (await one.seat()).onSession("of-one");
      scene.sessions = [
        { ...shell, id: "of-one" },
        { ...shell, status: "Disconnected" },
      ];
      const two = scene.ask("two", sharing);
      await scene.pass(120_000);
      expect([two.state, scene.bucket.holders()]).toEqual(["waiting", ["one", "two"]]);
      scene.sessions = [{ ...shell, status: "Disconnected" }];
      await scene.pass(5_000);
      expect(await two.seat()).toMatchObject({ isBesideOthers: true });
    });

    it.each(["Terminating", "Terminated", "Failed"])(
      "are not waited for when they are %s",
      async (status) => {
        scene.sessions = [{ ...shell, status }];
        const one = scene.ask("one");
        await scene.settle();
        expect(one.state).toBe("placed");
      },
    );

    it("are waited for, up to ten seconds, when two of them are ending, since the run itself may need two", async () => {
      const ending = { ...shell, status: "Terminating" };
      scene.sessions = [ending, { ...ending, id: "another" }];
      const [one, two] = [scene.ask("one"), scene.ask("two")];
      await scene.pass(9_000);
      expect([one.state, one.log.lines]).toEqual(["waiting", []]);
      await scene.pass(2_000);
      expect(one.state).toBe("placed");
      await one.release();
      await scene.pass(2_000);
      expect(two.state).toBe("waiting");
      scene.sessions = [ending];
      await scene.pass(1_000);
      expect(two.state).toBe("placed");
    });

    it("are waited for when they have begun while the run was in line", async () => {
      const [one, two] = [scene.ask("one"), scene.ask("two")];
      await one.done;
      await scene.settle();
      scene.sessions = [shell];
      await one.release();
      await scene.clock.pass(...LOOK);
      await scene.settle();
      expect([two.state, scene.bucket.holders()]).toEqual(["waiting", ["two"]]);
      scene.sessions = [];
      await scene.pass(2_000);
      expect(two.state).toBe("placed");
    });

    it("are waited for when one is ending beside one that has lost its client", async () => {
      scene.sessions = [
        { ...shell, status: "Disconnected" },
        { ...shell, status: "Terminating", id: "another" },
      ];
      const one = scene.ask("one");
      await scene.settle();
      scene.sessions = [{ ...shell, status: "Disconnected" }];
      await scene.pass(42_000);
      scene.sessions = [...scene.sessions, { ...shell, status: "Terminating", id: "third" }];
      await scene.pass(5_000);
      expect(one.state).toBe("waiting");
      scene.sessions = scene.sessions.slice(0, 1);
      await scene.pass(2_000);
      expect(await one.seat()).toMatchObject({ isBesideOthers: true });
    });

    it("are not those of a run that has just given its seat back", async () => {
      const one = scene.ask("one");
      (await one.seat()).onSession(shell.id);
      const two = scene.ask("two");
      await scene.settle();
      scene.sessions = [shell];
      await one.release();
      await scene.clock.pass(...LOOK);
      await scene.settle();
      expect(two.state).toBe("placed");
    });

    it("don't hold up a run whose look at them is never answered", async () => {
      scene.look = () => new Promise<never>(() => undefined);
      const one = scene.ask("one");
      await scene.pass(1_100);
      expect([one.state, one.log.lines]).toEqual(["placed", []]);
    });

    it("don't hold up a run that may not look at them, which says so once", async () => {
      scene.look = () => Promise.reject(accessDenied("ssm:DescribeSessions"));
      const one = scene.ask("one");
      await scene.pass(1_100);
      const again = (await one.seat()).waitToReplace("lost");
      await scene.pass(60_000);
      await again;
      expect(one.log.lines.filter((line) => line.includes("ssm:DescribeSessions"))).toEqual([
        "The container's sessions can't be seen, so the job may run beside sessions of others, and the session of a lost run ends by itself. Access denied: the credentials have no right to ssm:DescribeSessions.",
      ]);
    });
  });

  describe("runs that share a container", () => {
    const sharing = (id: string) => scene.ask(id, { shares: Promise.resolve(true) });

    it("hold two seats, and a third waits, as does one that doesn't share and all behind it", async () => {
      const [one, two] = [sharing("one"), sharing("two")];
      await scene.pass(300);
      const alone = scene.ask("alone");
      await scene.pass(300);
      const four = sharing("four");
      await scene.pass(10_000);
      expect([one, two, alone, four].map(({ state }) => state)).toEqual([
        "placed",
        "placed",
        "waiting",
        "waiting",
      ]);
      await one.release();
      await scene.pass(10_000);
      expect([alone.state, four.state]).toEqual(["waiting", "waiting"]);
      await two.release();
      await scene.pass(1_000);
      expect([alone.state, four.state]).toEqual(["placed", "waiting"]);
      await four.stopWaiting();
    });

    it("wait until the sessions of runs that have left have ended, so that there are never four", async () => {
      const [one, two] = [sharing("one"), sharing("two")];
      await scene.pass(300);
      (await one.seat()).onSession("s-1");
      scene.sessions = [{ id: "s-1", status: "Connected", since: BEGUN }];
      await scene.pass(300);
      const three = sharing("three");
      await scene.settle();
      void one.release();
      await scene.pass(2_000);
      expect([scene.bucket.holders(), three.state]).toEqual([["two", "three"], "waiting"]);
      scene.sessions = [];
      await scene.pass(400);
      expect([three.state, three.log.lines.at(-1)]).toEqual(["placed", expect.stringContaining("is free")]);
      await two.release();
    });

    it("do not wait for the session of another run that is about to leave it", async () => {
      const [one, two] = [sharing("one"), sharing("two")];
      await scene.pass(300);
      scene.sessions = [{ id: "s-1", status: "Connected", since: BEGUN }];
      (await one.seat()).onSession("s-1");
      (await one.seat()).share();
      await scene.pass(300);
      await two.release();
      const three = sharing("three");
      await scene.pass(300);
      expect([two.state, three.state]).toEqual(["placed", "placed"]);
    });

    it("after cuts on both replace their sessions one after the other, so that there are never four", async () => {
      scene.sessions = [];
      const [one, two] = [sharing("one"), sharing("two")];
      await scene.pass(300);
      const seats = [await one.seat(), await two.seat()] as const;
      scene.sessions = ["s-1", "s-2"].map((id) => ({ id, status: "Disconnected", since: BEGUN }));
      const replaced: string[] = [];
      void seats[0].waitToReplace("s-1").then(() => replaced.push("one"));
      void seats[1].waitToReplace("s-2").then(() => replaced.push("two"));
      await scene.pass(100_000);
      expect(replaced).toEqual([]);
      await scene.pass(25_000);
      expect(replaced).toHaveLength(1);
      await scene.pass(60_000);
      expect(replaced).toHaveLength(1);
      await scene.pass(120_000);
      expect(replaced).toHaveLength(2);
    });

    it("let no other run in before they know that their sessions aren't logged, and are about to leave them", async () => {
      let learn: (shares: boolean) => void = () => undefined;
      const one = scene.ask("one", { shares: new Promise<boolean>((resolve) => (learn = resolve)) });
      await scene.pass(300);
      (await one.seat()).onSession("s-1");
      scene.sessions = [{ id: "s-1", status: "Connected", since: BEGUN }];
      const two = sharing("two");
      await scene.pass(5_000);
      expect([one.state, two.state]).toEqual(["placed", "waiting"]);
      learn(true);
      await scene.pass(5_000);
      expect(two.state).toBe("waiting");
      (await one.seat()).share();
      await scene.pass(500);
      expect([two.state, scene.bucket.holders()]).toEqual(["placed", ["one", "two"]]);
    });

    it("share once they know that they may, also when they learn it in line", async () => {
      const one = sharing("one");
      await scene.pass(300);
      let learn: (shares: boolean) => void = () => undefined;
      const two = scene.ask("two", { shares: new Promise<boolean>((resolve) => (learn = resolve)) });
      await scene.pass(5_000);
      expect([one.state, two.state]).toEqual(["placed", "waiting"]);
      learn(true);
      await scene.pass(500);
      expect(two.state).toBe("placed");
    });

    it("don't share when sessions can't be listed, also when both have come in before they know", async () => {
      scene.look = async () => {
        await scene.clock.sleep(900);
        throw accessDenied("ssm:DescribeSessions");
      };
      const [one, two] = [sharing("one"), sharing("two")];
      await scene.pass(700);
      expect(scene.bucket.holders()).toEqual(["one", "two"]);
      await scene.pass(5_000);
      expect([one.state, two.state, scene.bucket.holders()]).toEqual(["placed", "waiting", ["one"]]);
      await one.release();
      await scene.pass(3_000);
      expect([two.state, scene.bucket.holders()]).toEqual(["placed", ["two"]]);
    });

    it("wait no longer than 'queue-timeout' in all when they have to go back into the line", async () => {
      scene.look = async () => {
        await scene.clock.sleep(900);
        throw accessDenied("ssm:DescribeSessions");
      };
      const one = sharing("one");
      const deadline = scene.clock.now() + 5_000;
      const two = scene.ask("two", { shares: Promise.resolve(true), deadline });
      await scene.pass(5_300);
      expect([one.state, two.state]).toEqual(["placed", "failed"]);
      expect(await two.done).toMatchObject({ code: "container-busy" });
    });

    it("don't share when sessions can't be listed", async () => {
      scene.look = () => Promise.reject(accessDenied("ssm:DescribeSessions"));
      const one = sharing("one");
      await scene.pass(300);
      scene.look = () => Promise.resolve([]);
      const two = sharing("two");
      await scene.pass(5_000);
      expect([one.state, two.state]).toEqual(["placed", "waiting"]);
      await two.stopWaiting();
    });
  });

  it("a run makes no call for a task that it has started", async () => {
    await scene.ask("one", { started: true }).done;
    expect(scene.bucket.calls).toEqual([]);
  });
});

describe("without a bucket", () => {
  const busy = { id: "ecs-execute-command-a", status: "Connected", since: 1_700_000_000_000 };

  it("looks twice, with a pause in between, by the target of the container's sessions", async () => {
    const asked: string[] = [];
    scene.look = (target) => {
      asked.push(target);
      return Promise.resolve([]);
    };
    const one = scene.ask("one", { withBucket: false });
    await scene.clock.pass(...PAUSE);
    await one.done;
    expect(asked).toEqual([SESSION_TARGET, SESSION_TARGET]);
    expect([scene.bucket.calls, one.log.lines]).toEqual([[], []]);
  });

  it("of many runs that begin at once, about one starts on average before the session of the first is listed", async () => {
    const [many, seenAfter, rounds] = [13, 200, 40];
    let followers = 0;
    for (let seed = 1; seed <= rounds; seed += 1) {
      scene.sessions = [];
      const random = randomOf(seed);
      const runs = Array.from({ length: many }, (_, at) =>
        scene.ask(`${seed}-${at}`, { withBucket: false, random }),
      );
      const begun = (): number => runs.filter(({ state }) => state === "placed").length;
      await scene.clock.runUntil(() => begun() > 0);
      for (let ms = 0; ms < seenAfter; ms += 10) {
        scene.clock.advance(10);
        await scene.settle();
      }
      followers += begun() - 1;
      for (const { cancel } of runs) cancel.abort(new Error("enough"));
      await scene.settle();
    }
    // With evenly spread pauses nearly two runs would start.
    expect(followers / rounds).toBeLessThan(1.1);
  });

  it("waits while there is a session, and says which", async () => {
    scene.sessions = [busy];
    const one = scene.ask("one", { withBucket: false });
    await scene.clock.pass(...POLL);
    await scene.clock.pass(...POLL);
    await scene.settle();
    expect(one.log.lines).toEqual([
      `Container 'app' of task ${ID} is in use by session ecs-execute-command-a since 22:13:20 UTC; waiting for its seat, for at most 10 min ('queue-timeout').`,
    ]);
    scene.sessions = [];
    await scene.clock.pass(...POLL);
    await scene.clock.pass(300, 4_300);
    await one.done;
  });

  it("says once that the seat is free, when it goes on, and counts the seconds since it began to wait", async () => {
    const begun = scene.clock.now();
    scene.sessions = [busy];
    const one = scene.ask("one", { withBucket: false });
    for (let waits = 0; waits < 8; waits += 1) {
      await scene.pass(5_000);
      // Another run is quicker each time.
      scene.sessions = [];
      await scene.clock.pass(...POLL);
      await scene.settle();
      expect(one.state).toBe("waiting");
      scene.sessions = [{ ...busy, id: `ecs-execute-command-${waits}` }];
    }
    scene.sessions = [];
    while (one.state === "waiting") await scene.pass(100);
    const [first, ...others] = one.log.lines;
    const last = others.pop();
    expect(first).toContain("is in use by session ecs-execute-command-a");
    expect(others.length).toBeGreaterThan(0);
    for (const line of others)
      expect(line).toMatch(/ is still in use by .* \([3-9]\d s\), for at most \d+ min/);
    const seconds = Number(/^The seat in container 'app' is free \((\d+) s\)\.$/.exec(last ?? "")?.[1]);
    expect(Math.abs(seconds - (scene.clock.now() - begun) / 1_000)).toBeLessThan(1);
  });

  it.each([
    [
      "a lone session without a client for 43 s only, and says that it goes on beside it",
      ["Disconnected"],
      true,
    ],
    ["a lone session to which no client has come for 43 s only", ["Connecting"], true],
    ["a session that has a client for ever", ["Connected"], false],
    [
      "two sessions without a client for ever, since they fill the container",
      ["Disconnected", "Disconnected"],
      false,
    ],
  ])("waits for %s", async (_, statuses, passes) => {
    scene.sessions = statuses.map((status, at) => ({ ...busy, id: `ecs-execute-command-${at}`, status }));
    const began = scene.clock.now();
    const one = scene.ask("one", { withBucket: false });
    while (one.state === "waiting" && scene.clock.now() < began + 150_000) {
      scene.clock.advance(500);
      await scene.settle();
    }
    expect(one.state).toBe(passes ? "placed" : "waiting");
    expect(one.log.lines.join("\n").includes("s: this run goes on beside it")).toBe(passes);
    expect(scene.clock.now() - began).toBeGreaterThanOrEqual(43_000);
  });

  it.each([
    ["goes on beside one session that it has seen twice", ["Connected"], true, 12_000, "placed", 1],
    ["waits 43 s when the sessions' logs may hold seats, too", ["Connected"], false, 42_000, "waiting", 0],
    ["goes on beside it after these 43 s", ["Connected"], false, 60_000, "placed", 1],
    ["waits for two, since they fill the container", ["Connected", "Connected"], true, 60_000, "waiting", 0],
  ])("when the run attaches to a job it %s", async (_, statuses, unlogged, ms, state, lines) => {
    scene.sessions = statuses.map((status, at) => ({ ...busy, id: `ecs-execute-command-${at}`, status }));
    const one = scene.ask("one", {
      ...{ withBucket: false, attaches: true },
      isUnlogged: unlogged,
    });
    await scene.settle();
    expect(one.state).toBe("waiting");
    await scene.pass(ms);
    expect(one.state).toBe(state);
    const said = one.log.lines.filter((line) => line.includes("another run that follows the same job"));
    expect(said).toHaveLength(lines);
    if (one.state === "placed") expect(await one.done).toMatchObject({ isBesideOthers: true });
  });

  it("waits again for a session that came during the pause", async () => {
    const one = scene.ask("one", { withBucket: false });
    await scene.settle();
    scene.sessions = [busy];
    await scene.clock.pass(...PAUSE);
    await scene.settle();
    expect(one.state).toBe("waiting");
    scene.sessions = [];
    await scene.clock.pass(...POLL);
    await scene.clock.pass(300, 4_300);
    await one.done;
  });

  it("a job of a matrix joins a session that has a client, unless the container's sessions are logged", async () => {
    scene.sessions = [busy];
    const join = async (isUnlogged: boolean): Promise<string> => {
      const matrix = { index: 1, total: 3, atOnce: 2 };
      const more = { isUnlogged: isUnlogged, matrix };
      const one = scene.ask("one", { withBucket: false, ...more });
      await scene.pass(3_000);
      const { state } = one;
      await one.stopWaiting();
      return state;
    };
    scene.clock.advance(60_000);
    expect([await join(true), await join(false)]).toEqual(["placed", "waiting"]);
  });

  describe("a run that has lost its session", () => {
    const cut = { ...busy, id: "cut", status: "Disconnected" };

    /** When the run may open another session, in seconds after the loss; undefined for not within two minutes. */
    async function replacedAfter(others: readonly ActiveSession[]): Promise<number | undefined> {
      const seat = await scene.ask("one", { withBucket: false, matrix: { index: 0, total: 2, atOnce: 2 } })
        .done;
      if (seat instanceof Error) throw seat;
      scene.sessions = [cut, ...others];
      const lostAt = scene.clock.now();
      let at: number | undefined;
      void seat.waitToReplace(cut.id).then(() => (at = scene.clock.now()));
      await scene.pass(120_000);
      scene.sessions = [];
      await scene.pass(2_000);
      return at !== undefined && at - lostAt < 120_000 ? Math.round((at - lostAt) / 1_000) : undefined;
    }

    it.each<[string, readonly ActiveSession[], number | undefined]>([
      ["at once when it is alone", [], 0],
      ["at once beside a session that has a client", [busy], 0],
      [
        "after 43 s beside one that was perhaps cut in the same moment",
        [{ ...busy, status: "Disconnected" }],
        44,
      ],
      ["not beside two others", [busy, { ...busy, id: "third" }], undefined],
    ])("opens another one %s", async (_, others, seconds) => {
      const after = await replacedAfter(others);
      if (seconds === undefined || seconds === 0) expect(after).toBe(seconds);
      else expect(Math.abs((after ?? 0) - seconds)).toBeLessThanOrEqual(1);
    });
  });

  it("gives up at the deadline", async () => {
    scene.sessions = [busy];
    const one = scene.ask("one", { withBucket: false, deadline: scene.clock.now() + 1_000 });
    await scene.pass(1_100);
    expect(await one.done).toMatchObject({
      code: "container-busy",
      seen: expect.stringContaining("session ecs-execute-command-a") as string,
    });
  });

  it("goes on after a moment when it may not look, and names the right", async () => {
    scene.look = () => Promise.reject(accessDenied("ssm:DescribeSessions"));
    const one = scene.ask("one", { withBucket: false });
    await scene.clock.pass(0, 1_000);
    await one.done;
    expect(one.log.lines).toEqual([
      "The container's other sessions can't be listed, so two runs may open sessions at once. Access denied: the credentials have no right to ssm:DescribeSessions.",
    ]);
  });

  it("goes on when looking fails, and says why", async () => {
    scene.look = () =>
      Promise.reject(
        new Failure("aws-unreachable", {
          failed: "No way to ssm.",
          seen: "timed out",
          advice: "An endpoint.",
        }),
      );
    const one = scene.ask("one", { withBucket: false });
    await scene.clock.pass(0, 1_000);
    await one.done;
    expect(one.log.lines).toEqual([expect.stringContaining("No way to ssm.")]);
  });
});
