import { jest } from "@jest/globals";
import { carryOutLine } from "../../../src/doors/cli/main.ts";

it.each(["run", "check", "attach", "logs", "cp", "forward", "shell", "local"])(
  "there is a command '%s', whose help says how it is used",
  async (name) => {
    let shown = "";
    const write = jest
      .spyOn(process.stdout, "write")
      .mockImplementation((text) => Boolean((shown += String(text))));
    const { exitCode } = process;
    await carryOutLine([name, "--help"]);
    expect(process.exitCode).toBe(0);
    process.exitCode = exitCode;
    write.mockRestore();
    expect(shown).toMatch(new RegExp(`^Usage: fargate-exec ${name} `));
  },
);
