import { hostname, userInfo } from "node:os";
import type { Random } from "../../clock.ts";
import type { Origin } from "../../inputs/origin.ts";

/** The names of a build service's variables that tell what has started a run. */
interface BuildService {
  readonly repository: string;
  readonly run: string;
  readonly attempt?: string;
  readonly url: string;
}

/** In the order of the search. A service that runs inside another one adds its own variables. */
const SERVICES: readonly BuildService[] = [
  // docs.gitlab.com/ci/variables/predefined_variables
  { repository: "CI_PROJECT_PATH", run: "CI_JOB_ID", url: "CI_JOB_URL" },
  // docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
  { repository: "CODEBUILD_SOURCE_REPO_URL", run: "CODEBUILD_BUILD_NUMBER", url: "CODEBUILD_BUILD_ARN" },
  // buildkite.com/docs/pipelines/environment-variables
  {
    repository: "BUILDKITE_PIPELINE_SLUG",
    run: "BUILDKITE_BUILD_NUMBER",
    attempt: "BUILDKITE_RETRY_COUNT",
    url: "BUILDKITE_BUILD_URL",
  },
];

/** The longest value of a tag of AWS. */
const LONGEST_URL = 256;

/** The origin of a run with a new id: the build of a service that is known, else the user of this machine. */
export function programOrigin(env: NodeJS.ProcessEnv, random: Random): Origin {
  const id = random.bytes(10).toString("hex");
  for (const { repository, run, attempt, url } of SERVICES) {
    const address = env[url];
    if (!address) continue;
    return {
      ...{ id, repository: env[repository] ?? "unknown", url: fitForTag(address), variables: {} },
      runId: (env[run] ?? "0").replace(/[^\w-]/g, "-").slice(0, 32),
      runAttempt: (attempt && env[attempt]) ?? "1",
    };
  }
  const user = `${userName()}@${hostname()}`;
  return {
    ...{ id, repository: user, url: fitForTag(user), variables: {} },
    ...{ runId: id, runAttempt: "1" },
  };
}

/** The text in characters that the value of a tag may have. */
function fitForTag(text: string): string {
  return text.replace(/[^\p{L}\p{Z}\p{N}_.:/=+\-@]/gu, "-").slice(0, LONGEST_URL);
}

/** The name of this process's user; `unknown` when the system has no name for it, as in many containers. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return "unknown";
  }
}
