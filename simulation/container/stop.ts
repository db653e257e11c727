import type { Shell } from "./shell.ts";

/** The command that stops a run's job and removes its directory. It looks for the job `tries` times. */
export async function stopJob(shell: Shell, runId: string, tries: number): Promise<void> {
  const { container } = shell;
  await shell.work(2);
  for (let left = tries; left > 0; left -= 1) {
    const directory = container.directories.get(runId);
    if (directory === undefined) {
      await shell.sleep(500);
      continue;
    }
    // Whatever makes `started` first decides: a job that has not started can't start any more.
    const [maker, attacher] = [directory.maker, directory.attacher];
    let times = left;
    if (!directory.hasStarted) {
      directory.hasStarted = true;
      times = -20;
    }
    directory.isLate ||= directory.hurriedAt === undefined;
    for (; !directory.isGone && times > -20; times -= 1) {
      directory.stop?.("cancelled");
      await shell.sleep(500);
    }
    directory.job?.kill();
    // A job that was killed has left its workers.
    for (const worker of directory.workers) if (!worker.isDead) worker.kill();
    for (const terminal of [maker, attacher]) container.endSession(terminal);
    container.removeDirectory(directory);
    return;
  }
}
