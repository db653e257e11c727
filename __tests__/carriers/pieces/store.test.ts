import { systemClock } from "../../../src/clock.ts";
import { Failure } from "../../../src/errors.ts";
import { openPiece } from "../../../src/carriers/pieces/format.ts";
import { newFolder, NO_WORDS } from "../../../src/carriers/pieces/orders.ts";
import { type PieceS3, PieceStore } from "../../../src/carriers/pieces/store.ts";
import { Listener } from "../../helpers/listener.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";
import { anObject } from "./folder.ts";

const HOUR = 3_600_000;
const denied = new Failure("access-denied", { failed: "", seen: "AccessDenied: no", advice: "" });

function aStore(s3: Partial<PieceS3>, credentialsEnd?: number) {
  const clock = new SteppedClock();
  const folder = newFolder("ci/", systemClock.random);
  const ignore = () => Promise.reject(new Error("not asked for"));
  const store = new PieceStore(folder, {
    ...{ bucket: "b", owner: "1", kmsKeyId: "k", clock, log: new Listener() },
    credentialsEnd: credentialsEnd === undefined ? undefined : clock.now() + credentialsEnd,
    s3: {
      ...{ getVersion: ignore, putObject: ignore, putIf: ignore, deleteVersion: ignore },
      ...{ presignGet: ignore, presignPost: ignore },
      ...s3,
    },
  });
  return { store, clock, folder };
}

describe("the store of pieces", () => {
  it.each<[string, PieceS3["getVersion"], object]>([
    [
      "an object",
      () => Promise.resolve({ bytes: Buffer.from("x"), etag: "", age: 0, modified: 0 }),
      { kind: "found", bytes: Buffer.from("x") },
    ],
    ["none", () => Promise.resolve(undefined), { kind: "missing" }],
    ["a denial", () => Promise.reject(denied), { kind: "denied", why: "AccessDenied: no" }],
    ["an error", () => Promise.reject(new Error("reset")), { kind: "failed", why: "reset" }],
  ])("finds %s", async (_, getVersion, answer) => {
    expect(await aStore({ getVersion }).store.read(0)).toEqual(answer);
  });

  it("gives a read up after ten seconds, and ends its request", async () => {
    let signal: AbortSignal | undefined;
    const getVersion: PieceS3["getVersion"] = (_object, _limit, given) => {
      signal = given;
      return new Promise(() => undefined);
    };
    const { store, clock } = aStore({ getVersion });
    const read = store.read(0);
    await clock.pass(10_000);
    expect(await read).toEqual({ kind: "failed", why: "S3 gave no answer within 10 s" });
    expect(signal?.aborted).toBe(true);
  });

  it.each([
    ["an hour", undefined, HOUR],
    ["until the credentials end", 600_000, 600_000],
  ])("gives the container access for %s", async (_, credentialsEnd, life) => {
    const asked: unknown[] = [];
    const { store, clock, folder } = aStore(
      {
        presignPost: ({ key }, { seconds, kmsKeyId }) => {
          asked.push([key, seconds, kmsKeyId]);
          return Promise.resolve({ url: "u", fields: {} });
        },
        presignGet: ({ key }, seconds) => {
          asked.push([key, seconds]);
          return Promise.resolve("c");
        },
      },
      credentialsEnd,
    );
    expect(await store.access()).toEqual({
      ...{ post: { url: "u", fields: {} }, control: "c" },
      ...{ until: clock.now() + life },
    });
    expect(asked).toEqual([
      [folder.prefix, life / 1000, "k"],
      [`${folder.prefix}control`, life / 1000],
    ]);
  });

  it("gives the container access only until the credentials that signed the form end", async () => {
    const credentialsEnd = 1_000;
    const { store } = aStore({
      presignPost: () => Promise.resolve({ url: "u", fields: {}, credentialsEnd }),
      presignGet: () => Promise.resolve("c"),
    });
    expect((await store.access()).until).toBe(credentialsEnd);
  });

  it("writes `control`, and deletes the version before it", async () => {
    const written: Uint8Array[] = [];
    const deleted: string[] = [];
    const { store, folder, clock } = aStore({
      putObject: (_, bytes) => {
        written.push(bytes);
        return Promise.resolve({ versionId: `v${written.length}` });
      },
      deleteVersion: (_, version) => Promise.resolve(void deleted.push(version)),
    });
    const words = { ...NO_WORDS, isCancelled: true };
    await store.writeControl(0, words);
    await store.writeControl(77, words);
    const number = Math.floor(clock.now() / 1000) + 1;
    const last = written.at(-1);
    expect(last && openPiece(folder, last)).toMatchObject({ kind: "control", number, begin: 77 });
    expect(deleted).toEqual(["v1"]);
  });

  it.each([
    ["is as it was found", { etag: '"2"', versionId: "v2" }, true, ["v1"]],
    ["was written by another reader", undefined, false, []],
  ])("replaces `control` if it %s, and deletes no version but that", async (_, written, isOurs, expected) => {
    const deleted: string[] = [];
    const { store } = aStore({
      putIf: () => Promise.resolve(written),
      deleteVersion: (__, version) => Promise.resolve(void deleted.push(version)),
    });
    const found = { number: 1, version: { etag: '"1"', versionId: "v1" } };
    expect(await store.replaceControl(found, 77, NO_WORDS)).toBe(isOurs);
    expect(deleted).toEqual(expected);
  });

  it.each([
    ["an hour ahead of the time, one more", (seconds: number) => seconds + 3_600, 3_601],
    ["the largest one, that of the day ahead", () => 999_999_999_999_999, 86_400],
    ["that of a writer before, the time", () => 5, 0],
  ])("writes `control` after a number that is %s", async (_, found, ahead) => {
    const written: Uint8Array[] = [];
    const made = aStore({
      getVersion: () => Promise.resolve({ bytes: planted, etag: '"1"', age: 0, modified: 0 }),
      putIf: (_object, bytes) => Promise.resolve({ etag: `"${written.push(bytes)}"` }),
    });
    const { store, folder } = made;
    const seconds = Math.floor(made.clock.now() / 1000);
    const planted = anObject("control", found(seconds), 0, "cancel\n", folder);
    expect(await store.replaceControl(await store.readControl(), 0, NO_WORDS)).toBe(true);
    expect(openPiece(folder, written[0] ?? new Uint8Array())).toMatchObject({ number: seconds + ahead });
  });
});
