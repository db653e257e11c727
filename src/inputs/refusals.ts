import { fact, Failure, type MessagePart, type Reader, type WordsForEach } from "../errors.ts";

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

/** Several problems with the inputs as one failure: a list, in which each problem has its advice. */
class BadInputs extends Failure {
  readonly problems: readonly Failure[];

  constructor(problems: readonly Failure[]) {
    const listFor = (reader: Reader): string =>
      problems
        .map((problem) =>
          itemOf(problem, reader)
            .map(({ text }) => text)
            .join(""),
        )
        .join("\n");
    super("bad-input", {
      failed: `${problems.length} things are wrong with the inputs.`,
      seen: listFor("workflow"),
      advice: "Correct them all, and run it again; nothing has been started.",
      program: { seen: listFor("program") },
      cause: new AggregateError(problems),
    });
    this.problems = problems;
  }

  override messageParts(reader: Reader): readonly MessagePart[] {
    const [failed = fact(this.failed), , advice = fact(this.advice)] = super.messageParts(reader);
    const list = this.problems.flatMap((problem) => [fact("\n"), ...itemOf(problem, reader)]);
    return [failed, ...list, advice];
  }
}

/** A problem as an item of a list. */
function itemOf(problem: Failure, reader: Reader): readonly MessagePart[] {
  const { failed, seen, advice } = problem.partsFor(reader);
  return [
    fact(`- ${failed}`),
    fact(` ${seen}`),
    { text: ` ${advice.replaceAll("\n", "\n  ")}`, isAdvice: true },
  ];
}

/** Several problems with the inputs as one failure. */
export function badInputs(problems: readonly Failure[]): Failure {
  return new BadInputs(problems);
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
