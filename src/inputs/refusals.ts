import { Failure, type Reader, type WordsForEach } from "../errors.ts";

/** `must` finishes the sentence "input X must be …". */
export function badInput(
  name: string,
  must: string,
  got: string,
  advice?: string | WordsForEach,
  cause?: unknown,
): Failure {
  return new Failure("bad-input", {
    failed: `Input '${name}' must be ${must}.`,
    seen: `Got ${got}.`,
    advice: advice ?? {
      workflow: `See the description of '${name}' in action.yml.`,
      program: `'fargate-exec run --help --all' describes '${name}'.`,
    },
    cause,
  });
}

/** Several problems with the inputs as one failure. */
export function badInputs(problems: readonly Failure[]): Failure {
  const listFor = (reader: Reader): string =>
    problems
      .map((problem) => {
        const { failed, seen, advice } = problem.partsFor(reader);
        return `- ${failed} ${seen} ${advice.replaceAll("\n", "\n  ")}`;
      })
      .join("\n");
  return new Failure("bad-input", {
    failed: `${problems.length} things are wrong with the inputs.`,
    seen: listFor("workflow"),
    advice: "Correct them all, and run it again; nothing has been started.",
    program: { seen: listFor("program") },
    cause: new AggregateError(problems),
  });
}

/** No input and no variable names a region. */
export function noRegion(): Failure {
  return new Failure("no-region", {
    failed: "There is no AWS region to look for the cluster in.",
    seen: "Input 'region' is empty, and so are AWS_REGION and AWS_DEFAULT_REGION in the environment.",
    advice: {
      workflow: "Set 'region', or let aws-actions/configure-aws-credentials set it in an earlier step.",
      program: "Set 'region' or AWS_REGION, or give the AWS CLI's profile a region ('aws configure').",
    },
  });
}
