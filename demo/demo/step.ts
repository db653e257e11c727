import type { SeedNames } from "../../local/seed.ts";
import type { LocalFargate } from "../../local/start.ts";

/** The secret of the step, an invented one. */
export const token = "tok-demo-7f3a9c1e5b";

/** A definition as a repository would keep it: a stock image, no entry point, no agent in it. */
export function taskDefinition({ accountId }: LocalFargate): object {
  return {
    family: "report",
    requiresCompatibilities: ["FARGATE"],
    networkMode: "awsvpc",
    cpu: "4096",
    memory: "8192",
    taskRoleArn: `arn:aws:iam::${accountId}:role/report-task`,
    executionRoleArn: `arn:aws:iam::${accountId}:role/ecs-execution`,
    containerDefinitions: [
      {
        name: "report",
        image: "public.ecr.aws/docker/library/python:3.13",
        essential: true,
        linuxParameters: { initProcessEnabled: true },
      },
    ],
  };
}

/** Four shares of one piece of work, of which one fails. */
const script = `# Every worker counts the primes in its own quarter of the numbers up to 400,000.
w=$FARGATE_EXEC_WORKER
echo "worker $w of $FARGATE_EXEC_WORKERS on $(hostname), with token $API_TOKEN"
for part in 0 1 2 3; do
  from=$((w * 100000 + part * 25000 + 1))
  primes=$(seq "$from" $((from + 24999)) | factor | awk 'NF == 2' | wc -l)
  echo "$primes primes from $from to $((from + 24999))"
  if [ "$w" = 2 ] && [ "$part" = 1 ]; then
    echo "the result store refuses quarter $w" >&2
    exit 3
  fi
  sleep 0.4
done
`;

/** How many lines a worker that succeeds prints on standard output. */
export const linesOfWorker = 5;

/** The inputs of the step, whose task definition is a file of the workspace. */
export function demoInputs(made: SeedNames): Readonly<Record<string, string>> {
  return {
    cluster: made.loggedCluster,
    "task-definition": "ops/report.json",
    subnets: made.subnets.join(","),
    bucket: made.bucket,
    workers: "auto",
    secrets: "API_TOKEN",
    "keep-task": "on-failure",
    run: script,
  };
}
