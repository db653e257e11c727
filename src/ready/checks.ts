import type { TaskDefinition } from "../aws/definition.ts";
import type { Ecs } from "../aws/ecs.ts";
import type { Task } from "../aws/task.ts";
import { Failure } from "../errors.ts";

/** One thing that ECS Exec needs; `SKIP` where what we may read does not tell. */
export interface Check {
  readonly what: string;
  readonly state: "OK" | "NG" | "SKIP";
  readonly words: string;
}

/** What amazon-ecs-exec-checker looks at, as far as the task and its definition answer it. */
export function execChecks(
  task: Task,
  definition: TaskDefinition | undefined,
  container: string,
): readonly Check[] {
  const own = definition?.containers.find(({ name }) => name === container);
  const role = task.taskRoleArn ?? definition?.taskRoleArn;
  const keys = own?.environmentNames.filter((name) =>
    /^AWS_(ACCESS_KEY(_ID)?|SECRET_ACCESS_KEY)$/.test(name),
  );
  const check = (what: string, known: unknown, good: boolean, words: string): Check => ({
    what,
    state: known === undefined ? "SKIP" : good ? "OK" : "NG",
    words,
  });
  return [
    check(
      "task role",
      role ?? definition,
      role !== undefined,
      role ?? "there is none, and the agent acts by it",
    ),
    check("platform version", task.platformVersion, isNewEnough(task), task.platformVersion ?? ""),
    check(
      "root file system",
      own,
      own?.readonlyRootFilesystem === false,
      "it is read-only, and the agent writes to it",
    ),
    check(
      "static credentials",
      keys,
      keys?.length === 0,
      `the environment sets ${keys?.join(", ") ?? ""}, which the agent takes in place of the task role's`,
    ),
    check(
      "pidMode",
      definition,
      definition?.pidMode !== "task" || definition.containers.length === 1,
      "it is 'task', where only one container gets an agent that works",
    ),
    check(
      "init process",
      own,
      own?.initProcessEnabled === true,
      "initProcessEnabled is off, so that the agent's dead children stay",
    ),
  ];
}

/** Adds the checks to a failure of the exec agent; any other comes back as it is. */
export async function withChecks(
  failure: Failure,
  task: Task,
  container: string,
  ecs: Pick<Ecs, "describeTaskDefinition">,
): Promise<Failure> {
  const { code, failed, seen, advice, cause } = failure;
  if (code !== "exec-agent-stopped" && code !== "exec-not-ready") return failure;
  // Whoever may not read the definition still gets what is known without it.
  const known = await ecs.describeTaskDefinition(task.taskDefinitionArn).catch((error: unknown) => {
    if (error instanceof Failure) return undefined;
    throw error;
  });
  const checks = execChecks(task, known, container);
  const told = [
    ...checks.filter(({ state }) => state === "NG").map(({ what, words }) => `${what} NG (${words})`),
    ...(["OK", "SKIP"] as const).flatMap((wanted) => {
      const names = checks.filter(({ state }) => state === wanted).map(({ what }) => what);
      return names.length === 0 ? [] : [`${names.join(", ")} ${wanted}`];
    }),
  ];
  return new Failure(code, { failed, seen: `${seen} Checks: ${told.join("; ")}.`, advice, cause });
}

/** Fargate on Linux has ECS Exec from 1.4.0, on Windows from 1.0.0, which is its first. */
function isNewEnough({ platformVersion = "", platformFamily = "" }: Task): boolean {
  const [major = 0, minor = 0] = platformVersion.split(".").map(Number);
  return /windows/i.test(platformFamily) || major > 1 || minor >= 4 || !/^\d/.test(platformVersion);
}
