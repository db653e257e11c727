import type { ProcessName } from "../scenario.ts";
import type { Container } from "./container.ts";
import type { Directory } from "./directory.ts";
import type { Killable } from "./killable.ts";

/** Kills a process of the newest job that has it. False when there is none. */
export function killProcess(container: Container, name: ProcessName): boolean {
  if (name === "relay") return killRelay(container);
  for (const directory of [...container.directories.values()].reverse()) {
    const host = processOf(directory, name);
    if (host === undefined || host.isDead) continue;
    container.note(`the ${name} of ${directory.runId.slice(-4)} is killed`);
    for (const session of container.agent.running) session.isBereft ||= session.process === host;
    host.kill();
    return true;
  }
  return false;
}

function killRelay(container: Container): boolean {
  const relay = container.relays.find(({ isAlive }) => isAlive);
  relay?.host.kill();
  return relay !== undefined;
}

function processOf(directory: Directory, name: Exclude<ProcessName, "relay">): Killable | undefined {
  switch (name) {
    case "attacher":
      return directory.attacher;
    case "uploader":
      return directory.uploadProgram;
    case "supervisor":
      return directory.uploader;
    case "recorder":
      return directory.recorder;
    case "job":
      return directory.job;
    case "item-worker":
      return directory.itemWorkers.find(({ isDead }) => !isDead);
    case "worker":
      return directory.workers.find(({ isDead }) => !isDead);
  }
}
