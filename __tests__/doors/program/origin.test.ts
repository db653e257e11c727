import { systemClock } from "../../../src/clock.ts";
import { programOrigin } from "../../../src/doors/program/origin.ts";

it.each<[string, NodeJS.ProcessEnv, object]>([
  [
    "a job of GitLab",
    {
      CI_PROJECT_PATH: "shop/web",
      CI_JOB_ID: "17",
      CI_JOB_URL: "https://gitlab.example.com/shop/web/-/jobs/17",
    },
    { repository: "shop/web", runId: "17", url: "https://gitlab.example.com/shop/web/-/jobs/17" },
  ],
  [
    "a build of CodeBuild",
    {
      CODEBUILD_SOURCE_REPO_URL: "https://github.com/org/shop",
      CODEBUILD_BUILD_NUMBER: "9",
      CODEBUILD_BUILD_ARN: "arn:aws:codebuild:eu-west-1:123456789012:build/shop:9",
    },
    { runId: "9", url: "arn:aws:codebuild:eu-west-1:123456789012:build/shop:9" },
  ],
  [
    "a build of Buildkite",
    {
      BUILDKITE_PIPELINE_SLUG: "shop",
      BUILDKITE_BUILD_NUMBER: "4",
      BUILDKITE_RETRY_COUNT: "2",
      BUILDKITE_BUILD_URL: "https://buildkite.com/org/shop/builds/4",
    },
    { repository: "shop", runId: "4", runAttempt: "2", url: "https://buildkite.com/org/shop/builds/4" },
  ],
  [
    "the user of this machine",
    {},
    { url: expect.stringMatching(/^[\w.-]+@[\w.-]+$/) as string, runAttempt: "1" },
  ],
])("a run is traced back to %s", (_, env, expected) => {
  expect(programOrigin(env, systemClock.random)).toMatchObject(expected);
});

it("an origin has an id of its own each time, and a url that an AWS tag can hold", () => {
  const env = { CI_JOB_URL: `https://example.com/${"é*\n".repeat(200)}` };
  const [first, second] = [programOrigin(env, systemClock.random), programOrigin(env, systemClock.random)];
  expect(first.id).not.toBe(second.id);
  expect(first.url).toMatch(/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,256}$/u);
});
