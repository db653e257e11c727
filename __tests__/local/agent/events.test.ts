import { cutIntoEvents } from "../../../local/agent/events.ts";

/** The first line of a real agent's transcript of a session of 12,000 lines. */
const directory =
  "/var/lib/amazon/ssm/ce267cd3b90da84cf6a47d6c8eec8121-2091931602/session/orchestration/ecs-execute-command-6263b9059524ef161/InteractiveCommands";
const first = `Script started on 2026-11-24 14:44:15+00:00 [COMMAND="cat ${directory}/ipcTempFile.log" <not executed on terminal>]\n`;
const last = '\nScript done on 2026-11-24 14:44:15+00:00 [COMMAND_EXIT_CODE="0"]\n';
const line = (number: number): string =>
  `${String(number).padStart(9, "0")}:abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLM`;

describe("cutIntoEvents", () => {
  it("makes one event of a small transcript, and CR LF of CR CR LF", () => {
    const transcript = `${first}one\r\r\ntwo${last}`;
    expect(cutIntoEvents(Buffer.from(transcript))).toEqual([`${first}one\r\ntwo${last.slice(0, -1)}`]);
  });

  it("cuts a long transcript where the real agent did", () => {
    const lines = Array.from({ length: 12_000 }, (_, index) => `${line(index + 1)}\r\r\n`).join("");
    const events = cutIntoEvents(Buffer.from(first + lines + last));
    expect(events.map((event) => event.length)).toEqual([196_137, 196_145, 196_145, 23_882]);
    expect(events.map((event) => event.split("\n").at(-1))).toEqual([
      `${line(3841)}\r`,
      `${line(7687)}\r`,
      `${line(11_533)}\r`,
      last.trim(),
    ]);
  });

  it("cuts a line that is longer than an event", () => {
    const events = cutIntoEvents(Buffer.from(`a\n${"x".repeat(450_000)}\nb`));
    expect(events.map((event) => event.length)).toEqual([1, 200_000, 200_000, 50_002]);
  });

  it("makes no event of an empty transcript", () => {
    expect(cutIntoEvents(Buffer.alloc(0))).toEqual([]);
  });
});
