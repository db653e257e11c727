import { spawn } from "node:child_process";
import { once } from "node:events";
import { PYTHON } from "../../helpers/tools.ts";

/** Exchanges two names without a pause (renameat2(2), `RENAME_EXCHANGE`): at each moment each of them is there. Ends with its parent. */
const EXCHANGE = `
import ctypes, os, sys
exchange, here = ctypes.CDLL(None, use_errno=True).renameat2, -100
names = [os.fsencode(name) for name in sys.argv[1:]]
print("ready", flush=True)
while os.getppid() == int(os.environ["PARENT"]):
    exchange(here, names[0], here, names[1], 2)
`;

/** Calls `use` while another process exchanges what two paths name, as fast as it can. */
export async function whileSwapping(
  paths: readonly [string, string],
  use: () => Promise<void>,
): Promise<void> {
  const swapping = spawn(PYTHON, ["-c", EXCHANGE, ...paths], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"], PARENT: String(process.pid) },
  });
  try {
    await once(swapping.stdout, "data");
    await use();
  } finally {
    const ended = once(swapping, "exit");
    swapping.kill("SIGKILL");
    await ended;
  }
}
