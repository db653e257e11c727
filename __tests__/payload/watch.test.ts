import { existsSync } from "node:fs";
import { SHELLS } from "../helpers/shells.ts";
import { until } from "../helpers/until.ts";
import { WatchedJob } from "../helpers/watch.ts";
import { everyNth } from "../helpers/every-nth.ts";

const nothing = (): Buffer => Buffer.alloc(0);
const jobs: WatchedJob[] = [];
function aJob(options: ConstructorParameters<typeof WatchedJob>[0]): WatchedJob {
  const job = new WatchedJob(options);
  jobs.push(job);
  return job;
}
afterAll(() => {
  for (const job of jobs) job.remove();
});

describe.each(everyNth(SHELLS, 3))("under %s", (sh) => {
  it.concurrent(
    "a session into which no runner types ends, and leaves neither a process nor a directory",
    async () => {
      const job = aJob({ sh, script: "echo never", patience: 1 });
      const session = job.attach(0, nothing);
      await session.says("ready");
      expect(job.directory).toBeDefined();
      await session.closed;
      // A process may have started the one that removes the directory and be gone itself.
      await until(() => job.processes.length === 0 && job.directory === undefined);
    },
  );

  it.concurrent("another session of a job ends like that, and the job goes on", async () => {
    const job = aJob({ sh, script: "exec sleep 600", patience: 2 });
    const first = job.attach();
    await first.says("attached");
    await job.attach(0, nothing).closed;
    expect(job.directory).toBeDefined();
    expect(existsSync(`${job.directory ?? ""}/status`)).toBe(false);
    expect(first.isClosed).toBe(false);
  });

  it.concurrent("a session whose terminal is lost before a line leaves no directory", async () => {
    const sessions = [false, true].map((lateWatch) => {
      const job = aJob({ sh, script: "echo never", patience: 1, lateWatch });
      return { job, session: job.attach(0, nothing) };
    });
    for (const { session } of sessions) {
      await session.says("ready");
      await session.kill();
    }
    await until(() => sessions.every(({ job }) => job.processes.length === 0 && job.directory === undefined));
  });
});
