import { hash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import type { StartedCommand } from "../world/agent.ts";
import { AwsError } from "../world/aws-error.ts";
import type { Version } from "../world/s3.ts";
import { parseArtifacts } from "./artifact-settings.ts";
import { attach } from "./attacher.ts";
import { type Opening, takeOpening } from "./opening.ts";
import type { Container } from "./container.ts";
import { parseDestinations } from "./files.ts";
import { runForward } from "./forward/command.ts";
import { Directory, type Settings } from "./directory.ts";
import { Shell } from "./shell.ts";
import { assigned, splitCommand, unescaped, variables, wordsBehind } from "./shell-words.ts";
import { stopJob } from "./stop.ts";

/** The guard removes a directory in which no job has started for so long. */
const GUARD_MS = 600_000;
/** A download that takes longer is given up. */
const FETCH_MS = 5_000;

/** What the first lines of a bootstrap say. */
interface Bootstrap {
  readonly runId: string;
  readonly at: number;
  readonly head: number;
  /** The session ends when the runner types nothing for so long. */
  readonly dueMs: number;
  /** The first session of a step that attaches to another step's job. */
  readonly isNewReader: boolean;
  /** Where boto3 finds the payload; undefined when the session carries it. */
  readonly object: { readonly bucket: string; readonly key: string; readonly sha256: string } | undefined;
  /** Whether there is a payload to be fetched or typed at all. */
  readonly delivers: boolean;
}

/** Runs a command that the agent has started. Any command that is not of a runner waits until its session ends. */
export async function runCommand(container: Container, command: StartedCommand): Promise<void> {
  const [program, flag, script = ""] = splitCommand(command.text);
  const runId = assigned(script, "fx_id");
  const shell = new Shell(container, command);
  if (program === "/bin/sh" && assigned(script, "fx_start") !== undefined) {
    await runForward(container, command, assigned(script, "fx_sha") ?? "");
  } else if (program !== "/bin/sh" || flag !== "-c" || runId === undefined) {
    await new Promise(() => undefined);
  } else if (assigned(script, "fx_tries") !== undefined) {
    await stopJob(shell, runId, Number(assigned(script, "fx_tries")));
  } else {
    await bootstrap(shell, parseBootstrap(script, runId));
  }
  shell.host.kill();
}

function parseBootstrap(script: string, runId: string): Bootstrap {
  const fetching = /^fx_fetch\(\) ?\{.*-Ic /m.exec(script)?.[0];
  const delivers = script.includes("\nfx_fetch()") && !script.includes("\nfx_fetch() { :; }");
  const words = fetching === undefined ? [] : wordsBehind(script, fetching, 5, { fx_id: runId });
  const [, bucket = "", key = "", , sha256 = ""] = words;
  return {
    runId,
    at: Number(assigned(script, "fx_at")),
    head: Number(assigned(script, "fx_head")),
    dueMs: Number(assigned(script, "fx_due")) * 1000,
    isNewReader: assigned(script, "fx_any") === "1",
    object: words.length === 0 ? undefined : { bucket, key, sha256 },
    delivers,
  };
}

/** The bootstrap: it finds or makes the directory, gets the payload, and becomes the attacher. */
async function bootstrap(shell: Shell, started: Bootstrap): Promise<void> {
  const { container, host } = shell;
  await shell.work(2);
  await shell.say("open");
  await shell.work();
  const found = container.directories.get(started.runId);
  if (found !== undefined && found.settings === undefined) {
    found.maker?.kill();
    container.removeDirectory(found);
  }
  let directory = container.directories.get(started.runId);
  const isNew = directory === undefined;
  if (directory === undefined) {
    directory = new Directory(started.runId, container.base.time);
    directory.maker = host;
    container.directories.set(started.runId, directory);
    guard(container, directory);
  }
  watch(shell, directory, { isNew, dueMs: started.dueMs });
  let why = "";
  if (isNew && started.at === 0) why = await fetchByRole(shell, directory, started);
  const opening: Opening = { wasTyped: false, packAbove: undefined, part: 0 };
  if (directory.payload !== undefined || directory.settings !== undefined) await shell.say("ready");
  else {
    await shell.say(`ready1 ${why}`);
    takeOpening(shell, opening, await shell.readLine());
    opening.wasTyped = true;
    const code = unescaped((await shell.readToDot()).join("")).toString("utf8");
    if (!(await load(shell, directory, started, { isNew, code, why }))) return;
  }
  if (isNew && directory.payload !== undefined) unpack(directory, directory.payload, started.head);
  await attach(shell, directory, { ...started, isNew, opening });
}

/** Ends a session whose runner types nothing, and removes the directory that it has made, unless there is a job. */
function watch(
  shell: Shell,
  directory: Directory,
  { isNew, dueMs }: { readonly isNew: boolean; readonly dueMs: number },
): void {
  const { container, host } = shell;
  container.base.time.after(container.host, dueMs, () => {
    if (shell.isHeard) return;
    container.endSession(host);
    if (isNew && directory.settings === undefined && !directory.isGone) container.removeDirectory(directory);
  });
}

/** Removes a directory in which no job starts, and ends its session: the agent may be paused and would keep it. */
function guard(container: Container, directory: Directory): void {
  const { time } = container.base;
  const since = time.now;
  const look = (): void => {
    time.after(container.host, 10_000, () => {
      if (directory.hasStarted || directory.isGone) return;
      if (time.now - since < GUARD_MS || !directory.beat.isSilent(time.now, GUARD_MS)) {
        look();
        return;
      }
      container.removeDirectory(directory);
      container.endSession(directory.maker);
    });
  };
  look();
}

/** Fetches the payload by boto3. Returns why that has failed; empty when there was nothing to fetch. */
async function fetchByRole(
  shell: Shell,
  directory: Directory,
  { object, delivers }: Bootstrap,
): Promise<string> {
  const { options } = shell.container;
  if (object === undefined) return delivers && options.gzip ? "packed" : "";
  if (options.python === false) return "the image has no python3";
  if (!options.boto3) return "ModuleNotFoundError: No module named 'boto3'";
  await shell.work(4);
  const answer = await get(shell, "s3:GetObject", () => shell.container.bucket.get(object.key));
  if (typeof answer === "string") return answer;
  if (sha256(answer.bytes) !== object.sha256) return "the payload's checksum does not match";
  directory.payload = answer.bytes;
  return "";
}

/** A download, or why it has failed. */
async function get(shell: Shell, operation: string, act: () => Version): Promise<Version | string> {
  const { calls, base } = shell.container;
  const late = base.time.sleep(shell.host, FETCH_MS).then(() => "Alarm clock");
  const asked = calls
    .send(shell.container, { operation, resource: "payload", act })
    .catch((error: unknown) => {
      if (!(error instanceof AwsError)) throw error;
      return error.$metadata.httpStatusCode === undefined
        ? "EndpointConnectionError: Could not connect to the endpoint URL"
        : `ClientError: An error occurred (${error.name}) when calling the GetObject operation: ${error.message}`;
    });
  return await Promise.race([asked, late]);
}

/** Runs what the runner has typed for a container without the payload. False when the session is to end. */
async function load(
  shell: Shell,
  directory: Directory,
  { at }: Bootstrap,
  { isNew, code, why }: { readonly isNew: boolean; readonly code: string; readonly why: string },
): Promise<boolean> {
  const refuse = async (words: string): Promise<false> => {
    await shell.say(`${shell.nonce};! ${words}`);
    if (isNew) shell.container.removeDirectory(directory);
    return false;
  };
  const ended = /! ((?:ended|gone) the container has no such job)/.exec(code);
  if (ended?.[1] !== undefined) return await refuse(ended[1]);
  if (at > 0) return await refuse("gone the job directory is gone");
  if (!isNew) return await refuse("gone the job directory was never filled");
  const wanted = assigned(code, "fx_sha") ?? "";
  const lines = assigned(code, "fx_lines");
  if (lines !== undefined) {
    await shell.say(`${shell.nonce};n Script typed into the session: there is no bucket.`);
    let packed = "";
    for (let left = Number(lines); left > 0; left -= 1) packed += await shell.readLine();
    const payload = gunzipSync(Buffer.from(packed, "base64"));
    if (sha256(payload) !== wanted) return await refuse("download typed: checksum mismatch; ");
    directory.payload = payload;
    return true;
  }
  const address = assigned(code, "fx_address") ?? "";
  const { python, curl } = shell.container.options;
  const program = python !== false ? "python3" : curl !== false ? "curl" : undefined;
  if (address !== "" && program !== undefined) {
    await shell.say(`${shell.nonce};n Fetching the script by ${program}.`);
    await shell.work();
    const url = new URL(address);
    const key = decodeURIComponent(url.pathname.slice(1));
    const answer = await get(shell, "s3:GetObject", () => {
      shell.container.bucket.check("get", key, url.searchParams.get("X-Amz-Signature") ?? "");
      return shell.container.bucket.get(key);
    });
    if (typeof answer !== "string" && sha256(answer.bytes) === wanted) {
      directory.payload = answer.bytes;
      await shell.say(`${shell.nonce};n Script fetched by ${program} (boto3: ${why}).`);
      await shell.say(`${shell.nonce};s`);
      return true;
    }
  }
  if (address !== "" && assigned(code, "fx_typed") !== "1")
    return await refuse(`download boto3: ${why}; and it is too large to be typed`);
  await shell.say(
    `${shell.nonce};n Script typed into the session: ${address === "" ? "there is no bucket." : why}`,
  );
  await shell.say(`${shell.nonce};p`);
  const payload = unescaped((await shell.readToDot()).join(""));
  if (sha256(payload) !== wanted) return await refuse("download typed: checksum mismatch; ");
  directory.payload = payload;
  await shell.say(`${shell.nonce};s`);
  return true;
}

/** Takes the payload apart: the head with the settings, then the parts. */
function unpack(directory: Directory, payload: Buffer, head: number): void {
  const text = payload.toString("latin1", 0, head);
  const settings = parseSettings(text);
  let at = head;
  for (const [name, bytes] of settings.cuts) {
    if (name === "script") directory.script = payload.subarray(at, at + bytes);
    if (name === "files") directory.files = payload.subarray(at, at + bytes);
    if (name === "items") directory.items = payload.subarray(at, at + bytes);
    at += bytes;
  }
  directory.payload = undefined;
  directory.settings = settings;
}

function parseSettings(text: string): Settings {
  const seconds = (name: string): number | undefined => {
    const value = assigned(text, name) ?? "";
    return value === "" ? undefined : Number(value) * 1000;
  };
  const isOn = (name: string): boolean => assigned(text, name) === "1";
  const environment = variables(assigned(text, "fx_own_environment") ?? "");
  return {
    url: assigned(text, "fx_url") ?? "",
    workers: Number(assigned(text, "fx_workers")),
    timeoutMs: seconds("fx_timeout") ?? 0,
    waitMs: seconds("fx_wait") ?? 0,
    silenceMs: seconds("fx_silence") ?? 0,
    hasFence: isOn("fx_fence"),
    pieces: isOn("fx_pieces"),
    leaves: isOn("fx_leaves"),
    detaches: isOn("fx_detaches"),
    isHeldForJob: isOn("fx_held_for_job"),
    items: assigned(text, "fx_items") === "" ? undefined : Number(assigned(text, "fx_items")),
    itemsPaceMs: seconds("fx_items_pace") ?? 0,
    task: Number(environment["FARGATE_EXEC_TASK"] ?? 0),
    runAttempt: Number(environment["GITHUB_RUN_ATTEMPT"] ?? 1),
    keepsTask: isOn("fx_keeps"),
    slackMs: seconds("fx_slack") ?? 0,
    artifacts: parseArtifacts(text),
    destinations: parseDestinations(text),
    cuts: (assigned(text, "fx_cuts") ?? "").split(" ").map((cut) => {
      const [name = "", bytes = "0"] = cut.split(":");
      return [name, Number(bytes)] as const;
    }),
  };
}

function sha256(bytes: Uint8Array): string {
  return hash("sha256", bytes, "hex");
}
