import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asRoot } from "../../../local/task/isolate.ts";
import { systemClock } from "../../../src/clock.ts";
import type { RelayLimits } from "../../../src/payload/forward.ts";
import { shellCommand, type ShellOptions } from "../../../src/payload/shell.ts";
import type { LocalTerminal, TerminalEvents } from "../../../src/session/shell/local-terminal.ts";
import { carryShell } from "../../../src/session/shell/shell.ts";
import { Listener } from "../../helpers/listener.ts";
import { withNeed } from "../../helpers/needs.ts";
import { until } from "../../helpers/until.ts";
import { TerminalSession, WITHOUT_PYTHON } from "../forward/terminal-session.ts";

const asOther = withNeed(it, "root", asRoot ? undefined : "only root can change mounts");

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

/** A terminal of a user who types what a test says. */
class TestTerminal implements LocalTerminal {
  readonly type = "xterm";
  size = { rows: 31, cols: 97 };
  shown = "";
  /** Bytes that are shown at once; those beyond wait. */
  mayShow = Infinity;
  most = 0;
  #waiting = 0;
  isOpen = false;
  isRead = true;
  #on: TerminalEvents | undefined;

  open(on: TerminalEvents): void {
    this.#on = on;
    this.isOpen = true;
  }

  read(isRead: boolean): void {
    this.isRead = isRead;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#waiting += bytes.length;
    this.most = Math.max(this.most, this.#waiting);
    if (this.mayShow <= 0) await until(() => this.mayShow > 0);
    this.mayShow -= bytes.length;
    this.#waiting -= bytes.length;
    this.shown += Buffer.from(bytes).toString();
  }

  close(): void {
    this.isOpen = false;
  }

  async types(text: string): Promise<void> {
    await until(() => this.isOpen && this.isRead);
    this.#on?.typed(Buffer.from(text));
  }

  resizeTo(rows: number, cols: number): void {
    this.size = { rows, cols };
    this.#on?.resized();
  }

  /** Waits until this is shown. */
  async sees(text: string | RegExp): Promise<void> {
    await until(() => (typeof text === "string" ? this.shown.includes(text) : text.test(this.shown)));
  }
}

interface Started {
  readonly within?: string;
  readonly shell?: Partial<Omit<ShellOptions, "term">>;
  readonly limits?: RelayLimits;
  /** How many sessions there can be. */
  readonly most?: number;
}

/** Opens a shell through sessions on real terminals. */
function startShell({ within = "", shell = {}, most = Infinity, ...more }: Started = {}) {
  const terminal = new TestTerminal();
  const sessions: TerminalSession[] = [];
  const cancel = new AbortController();
  const log = new Listener();
  const options = { words: ["/bin/sh"], run: undefined, env: {}, workingDirectory: "/", ...shell };
  const command = shellCommand(options, { isPlain: false });
  const ended = carryShell({
    ...more,
    open: async ({ signal }) => {
      if (sessions.length === most) await once(signal, "abort");
      signal.throwIfAborted();
      const session = new TerminalSession(sessions.length, { command, within });
      sessions.push(session);
      return { session, isElsewhere: false };
    },
    whyEnded: (end) => new Error(JSON.stringify(end)),
    onTerminal: () => undefined,
    isLogged: () => false,
    ...{ terminal, shell: options, seconds: 600, clock: systemClock, log, cancel: cancel.signal },
  });
  ended.catch(() => undefined);
  undo.push(async () => {
    cancel.abort(new Error("the test is over"));
    await ended.catch(() => undefined);
  });
  return { terminal, sessions, ended, cancel };
}

const LINES = Array.from({ length: 1_400 }, (_, i) => `${i} äöü 日本 ${"x".repeat(60)}`).join("\n");
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

describe.each([
  ["by a relay", "", it],
  ["on the terminal of its session", WITHOUT_PYTHON, asOther],
])("a shell %s", (_, within, check) => {
  check(
    "has its variables, its directory, the type of the terminal, and ends with its exit code",
    async () => {
      const shell = { env: { GREETING: 'it\'s\n"$HOME" ä' }, workingDirectory: "/usr" };
      const { terminal, ended } = startShell({ within, shell });
      await terminal.types('printf "<%s>" "$GREETING" "$PWD" "$TERM"; env | grep -c fx_; exit 7\r');
      expect(await ended).toEqual({ kind: "exited", code: 7 });
      expect(terminal.shown).toMatch(/<it's\r\n"\$HOME" ä><\/usr><xterm(-256color)?>0\r\n/);
      expect(terminal.shown).not.toContain("7733");
      expect(terminal.isOpen).toBe(false);
    },
  );

  check("gets a paste of 100 KB whole, and an interrupt of a program that prints without end", async () => {
    const folder = mkdtempSync(join(tmpdir(), "shell-"));
    undo.push(() => rmSync(folder, { recursive: true }));
    const { terminal } = startShell({ within });
    await terminal.types(`stty -echo; cat >${folder}/pasted; echo "pasted"\r`);
    await until(() => terminal.isRead);
    for (let at = 0; at < LINES.length; at += 4_096) await terminal.types(LINES.slice(at, at + 4_096));
    await terminal.types("\n\x04");
    await terminal.sees("pasted\r\n");
    expect(sha256(readFileSync(join(folder, "pasted"), "utf8"))).toBe(sha256(`${LINES}\n`));
    await terminal.types("yes without end\r");
    await terminal.sees("without end\r\nwithout end");
    await terminal.types("\x03echo stop''ped\r");
    await terminal.sees("stopped\r\n");
  });

  check("is left by ~. behind a line end", async () => {
    const { terminal, ended } = startShell({ within });
    await terminal.types("printf '\\033[?1049h'; sleep 600\r");
    await terminal.sees("\x1b[?1049h");
    await terminal.types("~?");
    await terminal.sees("~.  ends the shell and leaves");
    await terminal.types("~.");
    expect(await ended).toEqual({ kind: "left" });
    expect(terminal.shown).toContain("\x1b[?1049l\r\n");
    expect(terminal.isOpen).toBe(false);
  });
});

it("a shell by a relay knows the window's size, and goes on at the byte after a cut, with what was typed meanwhile", async () => {
  const { terminal, sessions, ended } = startShell();
  await terminal.types("stty size\r");
  await terminal.sees("31 97\r\n");
  terminal.resizeTo(40, 120);
  await terminal.types("stty size; while read line; do echo got $line; done\r");
  await terminal.sees("40 120\r\n");
  sessions[0]?.cut();
  await terminal.types("one\r");
  await terminal.types("two\r");
  await terminal.sees(/got one\r\n(two\r\n)?got two\r\n/);
  expect(sessions).toHaveLength(2);
  await terminal.types("\x03\rexit 9\r");
  expect(await ended).toEqual({ kind: "exited", code: 9 });
});

it("a terminal that shows nothing stops a shell by a relay that prints, and bounds what waits", async () => {
  const { terminal } = startShell();
  await terminal.types("\r");
  await terminal.sees("#");
  terminal.mayShow = 0;
  await terminal.types("cat /dev/urandom | base64 | head -c 3000000; echo all of it\r");
  await until(() => terminal.most > 200_000);
  expect(terminal.most).toBeLessThanOrEqual(262_144);
  terminal.mayShow = Infinity;
  await terminal.sees("all of it\r\n");
  expect(terminal.most).toBeLessThanOrEqual(262_144);
});

it("a shell whose program was killed ends with 128 and the signal, and one that can't be started with 127", async () => {
  const killed = startShell({ shell: { words: ["sh", "-c", "kill -9 $$"] } });
  expect(await killed.ended).toEqual({ kind: "exited", code: 137 });
  const missing = startShell({ shell: { words: ["no-such-shell"] } });
  expect(await missing.ended).toEqual({ kind: "exited", code: 127 });
  expect(missing.terminal.shown).toContain("no-such-shell");
  // Linux takes 128 KiB for a variable (execve(2)).
  const tooLong = startShell({ shell: { env: { LONG: "x".repeat(140_000) } } });
  expect(await tooLong.ended).toEqual({ kind: "exited", code: 127 });
});

it("a shell by a relay whose relay dies is lost, and says so", async () => {
  const { terminal, sessions, ended } = startShell();
  await terminal.types("echo rea''dy\r");
  await terminal.sees("ready\r\n");
  sessions[0]?.killRelay();
  await expect(ended).rejects.toMatchObject({ code: "session-lost", failed: "The shell is lost." });
  expect(terminal.isOpen).toBe(false);
});

asOther("a shell on the terminal of its session has the window's size from its begin", async () => {
  const { terminal, sessions, ended } = startShell({ within: WITHOUT_PYTHON });
  await terminal.types("echo rea''dy\r");
  await terminal.sees("ready\r\n");
  expect(sessions[0]?.sizes).toEqual([[97, 31]]);
  terminal.resizeTo(40, 120);
  await terminal.types("exit\r");
  await ended;
  expect(sessions[0]?.sizes).toEqual([
    [97, 31],
    [120, 40],
  ]);
});

asOther("a shell on the terminal of its session ends with it, and says so", async () => {
  const { terminal, sessions, ended } = startShell({ within: WITHOUT_PYTHON });
  await terminal.types("echo rea''dy\r");
  await terminal.sees("ready\r\n");
  sessions[0]?.cut();
  await expect(ended).rejects.toMatchObject({
    code: "session-lost",
    failed: "The shell has ended with its session.",
    advice: expect.stringContaining("python3") as string,
  });
});

it("a shell by a relay gets SIGHUP when its runner is not heard any more", async () => {
  const folder = mkdtempSync(join(tmpdir(), "shell-"));
  undo.push(() => rmSync(folder, { recursive: true }));
  const limits = { connect: 1, sessionSilence: 1, silence: 1.5 };
  const script = `trap 'echo hung up >${folder}/end; exit' HUP; echo ready; while :; do sleep 0.1; done`;
  const shell = { words: ["sh", "-c", script] };
  const { terminal, sessions, cancel } = startShell({ limits, shell, most: 1 });
  await terminal.sees("ready\r\n");
  sessions[0]?.cut();
  await until(() => existsSync(join(folder, "end")));
  cancel.abort(new Error("the test is over"));
});

it("a session that ends at once says why there is no shell", async () => {
  const { ended } = startShell({ within: "sh -c 'exit 1'" });
  await expect(ended).rejects.toThrow('{"kind":"closed","text":""}');
});
