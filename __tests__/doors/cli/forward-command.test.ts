import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { forwardInputs, readForwards, runCommand } from "../../../src/doors/cli/forward-command.ts";
import { until } from "../../helpers/until.ts";

const never = new AbortController().signal;

it("the forwards of the command line are read, or refused with their form", () => {
  expect(readForwards(["15432:db:5432"])).toMatchObject([{ local: 15432, host: "db", port: 5432 }]);
  expect(() => readForwards([])).toThrow("Give at least one forward by -L: PORT, LOCAL:PORT");
  expect(() => readForwards(["1:a:2", "db"])).toThrow(/^-L must be PORT, .* not "db"\.$/);
});

it("a forward runs no script, protects no task, and lives for six hours unless its options say otherwise", () => {
  expect(forwardInputs({ service: "web" })).toEqual({
    service: "web",
    run: ":",
    shell: "sh",
    timeout: "6h",
    protect: false,
  });
  expect(forwardInputs({ task: "1", timeout: "1h" })).toEqual({
    task: "1",
    run: ":",
    shell: "sh",
    timeout: "1h",
  });
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

  it("is named when it can't be run", async () => {
    await expect(runCommand(["no-such-program"], [1], never)).rejects.toThrow(
      "The command can't be run: spawn no-such-program ENOENT.",
    );
  });
});
