import { MessageType } from "../../../src/session/wire/message.ts";
import { onRig } from "./rig.ts";

describe("a command that cannot start", () => {
  it.concurrent.each([
    [
      "a missing program",
      "/no/such/program",
      "Failed to start pty: fork/exec /no/such/program: no such file or directory",
    ],
    [
      "a name that is not in PATH",
      "no-such-name",
      'Failed to start pty: exec: "no-such-name": executable file not found in $PATH',
    ],
    [
      "a file without execute permission",
      "/etc/passwd",
      "Failed to start pty: fork/exec /etc/passwd: permission denied",
    ],
    [
      "an argument beyond the kernel's limit",
      `echo ${"x".repeat(131_072)}`,
      "Failed to start pty: fork/exec /usr/bin/echo: argument list too long",
    ],
    [
      "an open quote",
      "sh -c 'echo",
      "Failed to parse commands input: EOF found when expecting closing quote",
    ],
  ])("reports %s after 2 seconds", (_name, command, text) =>
    onRig(async (rig) => {
      const started = Date.now();
      const client = await rig.exec(command);
      expect(await client.closed).toBe(`\n----------ERROR-------\nUnable to start command: ${text}\n\n`);
      expect(Date.now() - started).toBeGreaterThan(1900);
      expect(client.of(MessageType.output)).toEqual([]);
    }),
  );

  it.concurrent("is refused at once when it is blank", () =>
    onRig(async (rig) => {
      const client = await rig.exec(" ");
      expect(await client.closed).toBe("Commands cannot be empty for session type InteractiveCommands");
    }),
  );

  it.concurrent("ends the worker without a message when it is only a comment", () =>
    onRig(async (rig) => {
      rig.start("# nothing");
      const client = await rig.exec("echo next");
      await client.closed;
      expect(client.output).toBe("next\r\n");
      expect(rig.log.join("\n")).toContain("the worker panics");
    }),
  );
});
