import type { StepResult } from "../../local/runner/step.ts";
import type { Task } from "../../local/task/task.ts";
import { BUILD_TIME, buildImages, describeImages, inTurn, taskOf } from "../helpers/image-tasks.ts";
import { Aws, filesIn, jobLog, mainLog, processes } from "../helpers/local.ts";
import { eventually } from "../helpers/until.ts";
import { everyNth } from "../helpers/every-nth.ts";
import { runtimes } from "../local/runtimes.ts";

/** The ways to deliver a script, each with the log's line about it. */
const deliveries = {
  boto3: "Script fetched by boto3.",
  curl: "Script fetched by curl (boto3: ",
  python3: "Script fetched by python3 (boto3: ",
  "typed, no bucket": "Script typed into the session: there is no bucket.",
  "typed, no tool": "Script typed into the session: boto3: ",
} as const;
type Delivery = keyof typeof deliveries;
type Shell = "sh" | "bash" | "python";

/** Each script prints the same to both streams, without a line end at the end, and exits with 7. */
const scripts: Record<Shell, string> = {
  sh: `x="größer 'q' \\"d\\" \\\\"; printf '%s\\n\\t%s\\n' "$x" "$#"; echo err >&2; printf end; exit 7`,
  bash: `x=(größer "'q'" '"d"' '\\'); printf '%s\\n\\t%s\\n' "\${x[*]}" "$#"; echo err >&2; printf end; exit 7`,
  python: `import sys\nprint("größer 'q' \\"d\\" \\\\\\n\\t0"); print("err", file=sys.stderr); print(end="end"); sys.exit(7)`,
};
const printed = "größer 'q' \"d\" \\\n\t0\nend";

const supported: readonly (readonly [image: string, shell: Shell, delivery: Delivery])[] = [
  ["debian-python-boto3", "sh", "boto3"],
  ["debian-python-boto3", "python", "boto3"],
  ["debian-python-boto3", "sh", "typed, no bucket"],
  ["debian-python-boto3:without-stty", "sh", "boto3"],
  ["debian-python-boto3:without-stty", "python", "typed, no bucket"],
  ["debian-python-boto3:without-awk-base64-sha256sum", "sh", "boto3"],
  ["debian-python", "sh", "python3"],
  ["debian-python", "python", "python3"],
  ["debian-python", "sh", "typed, no bucket"],
  ["debian-python:without-setsid-sha256sum", "sh", "python3"],
  ["debian-bash-curl", "sh", "curl"],
  ["debian-bash-curl", "bash", "curl"],
  ["debian-bash-curl", "bash", "typed, no bucket"],
  ["busybox", "sh", "typed, no tool"],
  ["busybox", "sh", "typed, no bucket"],
  ["busybox:without-base64", "sh", "typed, no bucket"],
  ["busybox:without-sha256sum", "sh", "typed, no tool"],
  ["busybox-static", "sh", "typed, no tool"],
  ["busybox-static", "sh", "typed, no bucket"],
];

/** Images that switch to a user by different programs: setpriv, python3 and the su of busybox. The last one has none. */
const SWITCHING = ["debian-bash-curl", "debian-python", "busybox-static", "busybox"] as const;

const refused: readonly (readonly [image: string, staged: boolean, code: string, ...words: string[]])[] = [
  ["no-shell", false, "no-shell", "/bin/sh", "no such file or directory"],
  ["no-shell", true, "no-shell", "/bin/sh", "no such file or directory"],
  ["busybox:without-stty", false, "container-refused", "stty", "python3"],
  ["busybox:without-stty", true, "container-refused", "stty", "python3"],
  ["debian-bash-curl:without-stty", true, "container-refused", "stty", "python3"],
  ["busybox:without-awk", false, "container-refused", "neither python3 nor awk"],
  ["debian-bash-curl:without-awk", true, "container-refused", "neither python3 nor awk"],
];

describeImages.each(runtimes)("a script in an image, in containers by %s", (runtime) => {
  const table = everyNth(supported, 6 * runtimes.length, runtimes.indexOf(runtime));
  const switching = everyNth(SWITCHING, 2 * runtimes.length, runtimes.indexOf(runtime));
  const refusals = everyNth(refused, 4 * runtimes.length, 4 * runtimes.indexOf(runtime));
  let aws: Aws;
  const tasks = new Map<string, Task>();
  const idle = new Map<string, readonly string[]>();
  let ran: readonly StepResult[];
  let switched: readonly StepResult[];
  let failed: readonly StepResult[];

  const step = async (image: string, shell: Shell, staged: boolean): Promise<StepResult> => {
    const inputs = { task: tasks.get(image)?.id ?? "", run: scripts[shell], shell };
    return aws.step(staged ? { ...inputs, bucket: aws.world.made.bucket } : inputs);
  };

  beforeAll(async () => {
    const images = [...new Set([...[...table, ...refusals].map(([image]) => image), ...switching])];
    await buildImages(images.map((image) => `local/${image}`));
    aws = await Aws.start({ runtime });
    for (const image of images) {
      const task = await taskOf(aws, `local/${image}`);
      tasks.set(image, task);
      idle.set(
        image,
        processes(task).map(({ command }) => command),
      );
    }
    // A session mostly waits for the agent.
    ran = await inTurn(table, 3, ([image, shell, delivery]) =>
      step(image, shell, delivery !== "typed, no bucket"),
    );
    switched = await inTurn(switching, 3, (image) =>
      aws.step(
        {
          task: tasks.get(image)?.id ?? "",
          user: "nobody",
          files: "brought/**=/opt/brought",
          run: `echo "$(id -u):$(id -g) $HOME $USER"; echo "$SECRET" | wc -c; [ -O /opt/brought/é ] && cat /opt/brought/é; exit 7`,
          args: "-c\n--",
          secrets: '{"SECRET": "correct horse"}',
        },
        { files: { "brought/é": "a file" } },
      ),
    );
    failed = await inTurn(refusals, 3, ([image, staged]) => step(image, "sh", staged));
  }, BUILD_TIME);

  afterAll(() => aws.stop());

  it.each(table.map((row, at) => [...row, at] as const))(
    "%s, %s, %s: runs to its end, and the log says how it was delivered",
    (_image, _shell, delivery, at) => {
      const result = ran[at];
      if (result === undefined) throw new Error("no such result");
      expect(result.annotations.map(({ message }) => message)).toEqual([
        expect.stringContaining("Exit code 7."),
      ]);
      expect(result.outputs).toMatchObject({ "exit-code": "7", outcome: "failed", stdout: printed });
      expect([...jobLog(result)].sort()).toEqual([...printed.split("\n"), "err"].sort());
      const said = mainLog(result).filter((line) => line.startsWith("Script "));
      expect(said).toEqual([expect.stringContaining(deliveries[delivery])]);
      expect(mainLog(result).join("\n")).not.toContain("the script is not checked");
    },
  );

  it.each(switching.map((image, at) => [image, at] as const))(
    "%s: a script runs as 'user', with its secret and its files, and is not started where no program switches to a user",
    (image, at) => {
      const ran = {
        "exit-code": "7",
        outcome: "failed",
        stdout: "65534:65534 /nonexistent nobody\n14\na file",
      };
      const refused = { "exit-code": "", outcome: "not-started", stdout: "" };
      expect(switched[at]?.outputs).toMatchObject(image === "busybox" ? refused : ran);
    },
  );

  it.each(refusals.map((row, at) => [row[0], row[1] ? "with a bucket" : "without", at] as const))(
    "%s, %s: refused with one clear error",
    (_image, _staged, at) => {
      const result = failed[at];
      if (result === undefined) throw new Error("no such result");
      const [, , code, ...words] = refusals[at] ?? [];
      expect(result.outputs).toMatchObject({ "exit-code": "", outcome: "not-started", stdout: "" });
      expect(result.annotations).toEqual([
        { level: "error", title: `fargate-exec: ${code}`, message: expect.any(String) as string },
      ]);
      for (const word of words) expect(result.annotations[0]?.message).toContain(word);
      expect(result.annotations[0]?.message.split("\n")).toHaveLength(4);
    },
  );

  it("afterwards nothing of the action is in any of the containers, or in the bucket", async () => {
    for (const [image, task] of tasks) {
      await eventually(() => processes(task).map(({ command }) => command), idle.get(image));
      for (const path of ["/tmp", "/run", "/dev/shm"])
        await eventually(() => ({ image, path, files: filesIn(task, path) }), { image, path, files: [] });
    }
    expect(await aws.objects()).toEqual([]);
  });
});
