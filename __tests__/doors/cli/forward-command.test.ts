import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkForwards, runCommand, useForward } from "../../../src/doors/cli/forward-command.ts";
import { until } from "../../helpers/until.ts";

const never = new AbortController().signal;

it("the forwards of the command line are taken, or refused with their form", () => {
  expect(() => checkForwards(["15432:db:5432"])).not.toThrow();
  expect(() => checkForwards(["--"])).toThrow("-L needs a forward behind it, and -- stands there: PORT");
  expect(() => checkForwards([])).toThrow("Give at least one forward by -L: PORT, LOCAL:PORT");
  expect(() => checkForwards(["1:a:2", "db"])).toThrow(
    /^-L must be PORT, .* not "db"\.\nSee https:\S+\/docs\/forward\.md#the-lines$/,
  );
});

describe("the command of a forward", () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "forward-"))));
  afterEach(() => rmSync(directory, { recursive: true }));

  it("gets the ports, and its exit code is returned", async () => {
    const file = join(directory, "ports");
    const script = `echo "$FARGATE_EXEC_PORT $FARGATE_EXEC_PORTS" >${file}; exit 7`;
    expect(await runCommand(["sh", "-c", script], [4711, 4712], never)).toBe(7);
    expect(readFileSync(file, "utf8")).toBe("4711 [4711,4712]\n");
  });

  it("is told to end when the forward is lost", async () => {
    const over = new AbortController();
    const file = join(directory, "runs");
    const running = runCommand(["sh", "-c", `echo >${file}; exec sleep 600`], [1], over.signal);
    await until(() => readFileSync(file, { encoding: "utf8", flag: "a+" }) !== "");
    over.abort();
    expect(await running).toBe(143);
  });

  it("ends as in a shell when it can't be run: 127 when it is not there, else 126", async () => {
    expect(await runCommand(["no-such-program"], [1], never)).toBe(127);
    expect(await runCommand(["/etc/passwd"], [1], never)).toBe(126);
  });
});

describe("a forward without a command", () => {
  const forwards = checkForwards(["15432:db:5432", ":db:5433"]);

  /** What a forward with these words does, and what it says. */
  function use(words: readonly string[], more: { quiet?: boolean; outputsFile?: string } = {}) {
    const interrupt = new AbortController();
    const said: (string | undefined)[] = [];
    const log = {
      settle: (beside: string | undefined) => void said.push(beside),
      notice: (line: string) => void said.push(line),
    };
    const used = useForward(words, {
      ...{ forwards, outputsFile: undefined, quiet: false, log, onCommand: () => undefined, ...more },
      cancel: interrupt.signal,
    });
    return { ...used, said, interrupt };
  }

  it("is ended by Ctrl-C, which is no cancel once its ports are open", async () => {
    const { signal, during, said, interrupt } = use([]);
    const ended = during([15432, 4712], never);
    interrupt.abort(new Error("SIGINT was received"));
    expect([await ended, signal.aborted, said]).toEqual([130, false, ["nobody", undefined]]);
    const early = use([]);
    early.interrupt.abort(new Error("SIGINT was received"));
    expect(early.signal.reason).toEqual(new Error("SIGINT was received"));
  });

  it("that is quiet says the ports that it has chosen itself", async () => {
    const over = AbortSignal.abort();
    const quiet = use([], { quiet: true });
    await quiet.during([15432, 4712], over);
    expect(quiet.said).toContain("127.0.0.1:4712 leads to db:5433.");
    expect(quiet.said.join()).not.toContain("15432");
  });

  it("leaves no ports of an earlier forward when it fails before its own are open", () => {
    const directory = mkdtempSync(join(tmpdir(), "forward-"));
    const outputsFile = join(directory, "ports.json");
    const link = join(directory, "link.json");
    symlinkSync(outputsFile, link);
    for (const path of [outputsFile, link]) {
      writeFileSync(outputsFile, '{"port":"1"}');
      use([], { outputsFile: path });
      expect(readdirSync(directory)).toEqual(["link.json"]);
    }
    rmSync(directory, { recursive: true });
  });

  it("leaves a device of its outputs alone", async () => {
    const before = statSync("/dev/null").rdev;
    expect(await use(["true"], { outputsFile: "/dev/null" }).during([15432, 4712], never)).toBe(0);
    expect(statSync("/dev/null").rdev).toBe(before);
  });

  it("writes its ports as outputs as soon as they are open", async () => {
    const directory = mkdtempSync(join(tmpdir(), "forward-"));
    const outputsFile = join(directory, "ports.json");
    expect(await use(["test", "-s", outputsFile], { outputsFile }).during([15432, 4712], never)).toBe(0);
    expect(JSON.parse(readFileSync(outputsFile, "utf8"))).toEqual({ port: "15432", ports: "[15432,4712]" });
    rmSync(directory, { recursive: true });
    const failed = use([], { outputsFile }).during([15432, 4712], never);
    await expect(failed).rejects.toMatchObject({ failed: "The file of --outputs-file can't be written." });
  });
});
