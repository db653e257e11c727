import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkForwards, runCommand } from "../../../src/doors/cli/forward-command.ts";
import { until } from "../../helpers/until.ts";

const never = new AbortController().signal;

it("the forwards of the command line are taken, or refused with their form", () => {
  expect(() => checkForwards(["15432:db:5432"])).not.toThrow();
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
