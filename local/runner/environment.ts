import { arch } from "node:process";

/**
 * The variables of every step, for an invented push to an invented repository. The step shares this process's cache of compiled
 * code, if there is one.
 */
export function runnerEnvironment(where: {
  temp: string;
  home: string;
  eventPath: string;
  workspace: string;
  actionDir: string;
}): Record<string, string> {
  const sha = "8f1d2c3b4a5968778695a4b3c2d1e0f102132435";
  const { NODE_COMPILE_CACHE } = process.env;
  return {
    ...(NODE_COMPILE_CACHE !== undefined && { NODE_COMPILE_CACHE }),
    PATH: process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin",
    HOME: where.home,
    CI: "true",
    GITHUB_ACTIONS: "true",
    GITHUB_ACTION: "__org_fargate-exec",
    GITHUB_ACTION_PATH: where.actionDir,
    GITHUB_ACTION_REPOSITORY: "org/fargate-exec",
    GITHUB_ACTION_REF: "v1",
    GITHUB_ACTOR: "octo-example",
    GITHUB_ACTOR_ID: "1234567",
    GITHUB_API_URL: "https://api.github.com",
    GITHUB_BASE_REF: "",
    GITHUB_EVENT_NAME: "push",
    GITHUB_EVENT_PATH: where.eventPath,
    GITHUB_GRAPHQL_URL: "https://api.github.com/graphql",
    GITHUB_HEAD_REF: "",
    GITHUB_JOB: "migrate",
    GITHUB_REF: "refs/heads/main",
    GITHUB_REF_NAME: "main",
    GITHUB_REF_PROTECTED: "true",
    GITHUB_REF_TYPE: "branch",
    GITHUB_REPOSITORY: "example-org/shop",
    GITHUB_REPOSITORY_ID: "7654321",
    GITHUB_REPOSITORY_OWNER: "example-org",
    GITHUB_REPOSITORY_OWNER_ID: "2345678",
    GITHUB_RETENTION_DAYS: "90",
    GITHUB_RUN_ATTEMPT: "1",
    GITHUB_RUN_ID: "9876543210",
    GITHUB_RUN_NUMBER: "42",
    GITHUB_SERVER_URL: "https://github.com",
    GITHUB_SHA: sha,
    GITHUB_TRIGGERING_ACTOR: "octo-example",
    GITHUB_WORKFLOW: "deploy",
    GITHUB_WORKFLOW_REF: "example-org/shop/.github/workflows/deploy.yml@refs/heads/main",
    GITHUB_WORKFLOW_SHA: sha,
    GITHUB_WORKSPACE: where.workspace,
    RUNNER_ARCH: arch === "arm64" ? "ARM64" : "X64",
    RUNNER_ENVIRONMENT: "github-hosted",
    RUNNER_NAME: "GitHub Actions 1",
    RUNNER_OS: "Linux",
    RUNNER_TEMP: where.temp,
    RUNNER_TOOL_CACHE: where.temp,
    RUNNER_WORKSPACE: where.workspace,
  };
}
