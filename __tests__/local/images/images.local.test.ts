import { readFileSync } from "node:fs";
import { RegisterTaskDefinitionCommand, type ContainerDefinition } from "@aws-sdk/client-ecs";
import { recipes } from "../../../local/images/recipes.ts";
import { rootFileSystem } from "../../../local/images/root.ts";
import { asRoot } from "../../../local/task/isolate.ts";
import type { Task } from "../../../local/task/task.ts";
import { pidIn } from "../../helpers/disk.ts";
import { describeImages } from "../../helpers/image-tasks.ts";
import { everyNth } from "../../helpers/every-nth.ts";
import { withNeed } from "../../helpers/needs.ts";
import { until } from "../../helpers/until.ts";
import { sessionOf } from "../session-of.ts";
import { waitForStatus, runTask, startWorld, type World } from "../with-local.ts";

const itAsRoot = withNeed(it, "root", asRoot ? undefined : "these tests run as another user");
const withoutEntryPoint = Object.keys(recipes).filter((name) => recipes[name]?.entryPoint === undefined);
const withShell = withoutEntryPoint.filter((name) => name !== "no-shell");
const buildTime = 180_000;

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world.local.stop());

/** A task whose only container, `app`, has the image `local/<image>`. It need not reach RUNNING. */
async function begin(image: string, more: Partial<ContainerDefinition> = {}): Promise<Task> {
  const { taskDefinition } = await world.ecs.send(
    new RegisterTaskDefinitionCommand({
      family: "images",
      networkMode: "awsvpc",
      requiresCompatibilities: ["FARGATE"],
      cpu: "256",
      memory: "512",
      taskRoleArn: `arn:aws:iam::${world.local.accountId}:role/demo-task`,
      containerDefinitions: [{ name: "app", image: `local/${image}`, command: ["sleep", "600"], ...more }],
    }),
  );
  const arn = taskDefinition?.taskDefinitionArn;
  return runTask(world, "", { taskDefinition: arn, enableExecuteCommand: true, overrides: {} });
}

async function run(image: string, more: Partial<ContainerDefinition> = {}): Promise<Task> {
  const task = await begin(image, more);
  await Promise.race([waitForStatus(task, "RUNNING"), task.ended]);
  if (task.stoppedReason !== undefined) throw new Error(task.stoppedReason);
  await until(() => [...task.agents.values()].every(({ connected }) => connected !== undefined));
  return task;
}

/** The output of a session with this command, and the text at its end. */
async function exec(task: Task, command: string): Promise<{ output: string; closed: string }> {
  const { client } = await sessionOf(world, task, command);
  const closed = await client.closed;
  client.socket.terminate();
  return { output: client.output.replaceAll("\r\n", "\n").trim(), closed };
}

async function shell(task: Task, script: string): Promise<string> {
  return (await exec(task, `/bin/sh -c '${script}'`)).output;
}

function firstProcess(task: Task): string | undefined {
  return task.containers[0]?.processes()[0]?.command;
}

describeImages("an image with a root file system of its own", () => {
  beforeAll(async () => {
    for (const image of Object.keys(recipes)) await rootFileSystem(image);
  }, buildTime);

  const look = (programs: string): string =>
    `for p in ${programs}; do command -v $p >/dev/null && echo $p; done; true`;

  /** The usual programs that an image has, where that matters. */
  const programs: Readonly<Record<string, string>> = {
    "debian-python-boto3": "sh awk python3 setsid script stty su",
    "debian-python": "sh awk python3 setsid script stty su",
    "debian-bash-curl": "sh awk bash curl setsid script stty su",
    busybox: "sh awk setsid stty",
    "busybox-static": "sh awk setsid stty su",
  };

  it.each(everyNth(withShell, 2))(
    "%s runs its command as PID 1, and exec'd commands, and has only these of the usual programs",
    async (image) => {
      const task = await run(image);
      expect(firstProcess(task)).toBe("sleep 600");
      const all = "sh awk bash curl python3 setsid script stty su";
      const { output, closed } = await exec(task, `/bin/sh -c 'echo hello; ${look(all)}'`);
      const [first, ...found] = output.split("\n");
      expect([first, closed]).toEqual(["hello", ""]);
      expect(found.join(" ")).toBe(programs[image] ?? found.join(" "));
    },
  );

  it("no-shell runs, and the agent reports the missing shell", async () => {
    const task = await run("no-shell");
    expect(firstProcess(task)).toBe("sleep 600");
    expect(await exec(task, "/bin/sh -c 'echo hello'")).toEqual({
      output: "",
      closed:
        "\n----------ERROR-------\nUnable to start command: Failed to start pty: fork/exec /bin/sh: no such file or directory\n\n",
    });
  });

  it("http-server passes any command to its ENTRYPOINT, unless the definition has an entry point", async () => {
    const [plain, eaten, replaced] = await Promise.all([
      run("http-server", { command: [] }),
      begin("http-server"),
      run("http-server", { entryPoint: ["sh", "-c"], command: ["exec sleep 600"] }),
    ]);
    expect(firstProcess(plain)).toBe("python3 -u -m http.server 0 --bind 127.0.0.1");
    expect(firstProcess(replaced)).toBe("sleep 600");
    await eaten.ended;
    expect(eaten.containers[0]?.exitCode).toBe(2);
  });

  it.each(everyNth(withoutEntryPoint, 3))(
    "%s runs its command under an init when asked for one",
    async (image) => {
      const task = await run(image, { linuxParameters: { initProcessEnabled: true } });
      await until(() => task.containers[0]?.processes().length === 2);
      expect(task.containers[0]?.processes().map(({ command }) => command)).toEqual([
        "/dev/init -- sleep 600",
        "sleep 600",
      ]);
      task.stop("UserInitiated", "enough");
      await task.ended;
      // The init passes the signal on. As PID 1 the command would not have received it.
      expect(task.containers[0]?.exitCode).toBe(143);
    },
  );

  it("debian-python has a whole Python, but no boto3", async () => {
    const task = await run("debian-python");
    expect(await shell(task, 'python3 -c "import ssl, sqlite3, boto3" 2>&1 | tail -n 1')).toBe(
      "ModuleNotFoundError: No module named 'boto3'",
    );
  });

  it("debian-python-boto3 reaches the task's S3", async () => {
    const task = await run("debian-python-boto3");
    const script =
      'python3 -c "import boto3; print([b[chr(78)+\\"ame\\"] for b in boto3.client(\\"s3\\").list_buckets()[\\"Buckets\\"]])"';
    expect(await shell(task, script)).toBe(`['${world.made.bucket}']`);
  });

  it("debian-bash-curl trusts the usual certificate authorities", async () => {
    const task = await run("debian-bash-curl");
    const script = "grep -c BEGIN /etc/ssl/certs/ca-certificates.crt; curl --version | grep -o -w https";
    expect(await shell(task, script)).toMatch(/^\d{3}\nhttps$/);
  });

  const lacking = [
    ["busybox", "stty"],
    ["busybox", "awk"],
    ["busybox", "base64"],
    ["busybox", "sha256sum"],
    ["debian-python-boto3", "awk"],
    ["debian-python", "setsid"],
    ["debian-bash-curl", "base64"],
  ] as const;
  it.each(everyNth(lacking, 3))(
    "%s can be made without %s, and keeps the other programs",
    async (image, tool) => {
      const task = await run(`${image}:without-${tool}`);
      const all = "stty awk base64 sha256sum setsid";
      const others = all.split(" ").filter((name) => name !== tool);
      expect((await shell(task, look(all))).split("\n")).toEqual(others);
    },
  );

  itAsRoot("runs as the named user, with all groups and the home of that user", async () => {
    const command = ["/bin/sh", "-c", "id -u; id -G; cd; pwd; exec sleep 600"];
    const task = await run("busybox", { user: "app", command });
    const status = await shell(task, 'grep -E "^(Uid|Groups)" /proc/1/status');
    expect(status).toMatch(/^Uid:\t1000\t1000\t1000\t1000\nGroups:\t1000 1001/);
    expect(readFileSync(`/proc/${pidIn(task)}/environ`, "utf8").split("\0")).toContain("HOME=/home/app");
    expect(await shell(task, "id -u; echo $HOME; touch /home/app/x && echo writable")).toBe(
      "0\n/root\nwritable",
    );
  });

  it("is never written to: the next container sees it unchanged", async () => {
    expect(await shell(await run("busybox"), "rm /bin/ls && touch /etc/mine && echo done")).toBe("done");
    expect(await shell(await run("busybox"), "ls /etc/mine")).toMatch(/No such file/);
  });

  it.each([
    ["an image without a recipe", "nothing", /^CannotPullContainerError: .*local\/nothing: not found$/],
    [
      "an image without a tool that it lacks",
      "busybox:without-python3",
      /^CannotPullContainerError: .*no python3/,
    ],
    [
      "a static busybox without one of its own tools",
      "busybox-static:without-awk",
      /^CannotPullContainerError: .*not found$/,
    ],
  ])("cannot be pulled: %s", async (_name, image, reason) => {
    const task = await begin(image);
    await task.ended;
    expect(task.stoppedReason).toMatch(reason);
  });

  it.each([
    ["program", { command: ["bash"] }, '"bash": executable file not found in $PATH'],
    [
      "user",
      { user: "nobody-knows" },
      "unable to find user nobody-knows: no matching entries in passwd file",
    ],
  ])("refuses a %s that is not there", async (_name, more, message) => {
    const task = await begin("busybox", more);
    await task.ended;
    expect(task.containers[0]?.reason).toContain(message);
  });
});
