import { EOL } from "node:os";
import { messageOf } from "../../errors.ts";
import { Screen } from "../../report/show/screen.ts";
import { BatchedOutput } from "../../report/show/stdout.ts";
import { redactionPatterns } from "../../payload/redaction.ts";
import { makeAnnotation, explain, type ExplainedStep, type Explanation } from "../../report/explain.ts";
import { cutOutputs, cutResults, makeOutputs } from "../../report/outputs.ts";
import type { TestResults } from "../../report/junit/test-results.ts";
import type { Result } from "../../report/result.ts";
import { scriptSummaries } from "../../report/script-summaries.ts";
import { makeSummary } from "../../report/summary.ts";
import { testAnnotations } from "../../report/test-section.ts";
import type { ReportedInputs } from "../../run/step/surroundings.ts";
import { commandWriter, fileEntry, makeCommands, type WriteCommand } from "./commands.ts";
import { docsAddress } from "./docs.ts";
import { requestIdToken } from "./id-token.ts";
import type { RunnerProcess } from "./process.ts";
import { workflowRun } from "./workflow.ts";
import { parseState, type SavedPage, type SavedState, stateKey } from "../../undo/ledger.ts";

const ALL_IN_LOG = "An output holds no more. All that was printed is in this log.";

/** The files that the runner reads after a step, by the variables that name them, and the commands in their place. */
const COMMANDS = { GITHUB_STATE: "save-state", GITHUB_OUTPUT: "set-output" } as const;

/** What a runner takes from a step: its log, its state, its outputs, its summary and its end. */
export class Runner {
  /** The step's screen. Nothing else writes to standard output. */
  readonly screen: Screen;
  readonly #process: RunnerProcess;
  readonly #env: NodeJS.ProcessEnv;
  readonly #out: BatchedOutput;
  readonly #command: WriteCommand;
  /** Aborts with the end of the step. */
  readonly #over = new AbortController();

  constructor(process: RunnerProcess) {
    const { stdout, world } = process;
    this.#process = process;
    this.#env = world.env;
    this.#out = new BatchedOutput(stdout);
    this.#command = commandWriter((text) => stdout.write(text));
    this.screen = new Screen({
      write: (...pieces) => this.#out.write(...pieces),
      flush: () => this.#out.flush(),
      commands: makeCommands(this.#command, world.env),
      docs: docsAddress(world.env),
      random: world.clock.random,
    });
  }

  /** Aborts with the error of a write when nothing reads the step's output any more. */
  get unread(): AbortSignal {
    return this.#out.broken;
  }

  /** Back-pressure: resolves when the runner has read almost all that was shown. */
  waitUntilDrained = (): Promise<void> => this.#out.drained();

  /** From now on the runner masks the secrets, in every form that the container redacts. */
  mask = (secrets: Readonly<Record<string, string>>): void => {
    this.screen.mask([...Object.values(secrets), ...redactionPatterns(secrets)]);
  };

  /** An ID token of the workflow job, from GitHub. */
  idToken = async (audience: string): Promise<string> => {
    const { world, getJson } = this.#process;
    return await requestIdToken(audience, {
      ...{ env: this.#env, clock: world.clock, getJson, over: this.#over.signal },
    });
  };

  saveState = (page: SavedPage): void => {
    this.#keep("GITHUB_STATE", { [stateKey(page)]: JSON.stringify(page) });
  };

  /** What the main step has left to undo, as it was saved last. */
  savedState(): SavedState | undefined {
    const states = Object.entries(this.#env).flatMap(([name, value = ""]) =>
      name.startsWith("STATE_") ? [[name.slice("STATE_".length), value] as const] : [],
    );
    return parseState(Object.fromEntries(states));
  }

  /** Keeps a value for the post step. */
  keepState(name: string, value: string): void {
    this.#keep("GITHUB_STATE", { [name]: value });
  }

  setOutputs(values: Readonly<Record<string, string>>): void {
    this.#keep("GITHUB_OUTPUT", values);
  }

  /** Shows an annotation, which is the step's last line, and makes the step fail. */
  fail(title: string, text: string, place?: Explanation["place"]): void {
    const { screen } = this;
    screen.phase();
    screen.close();
    screen.error(text, { title, ...place });
    this.#process.setExitCode(1);
  }

  report = (
    result: Result,
    inputs: ReportedInputs | undefined,
    tests: TestResults | undefined,
  ): Promise<void> =>
    new Promise((resolve) => {
      this.#report(result, inputs, tests);
      resolve();
    });

  /** Writes outputs and summary. */
  #report(result: Result, inputs: ReportedInputs | undefined, tests: TestResults | undefined): void {
    this.#out.flush();
    this.#keep("GITHUB_OUTPUT", makeOutputs(result, tests));
    if (!this.#env["GITHUB_STEP_SUMMARY"]) return;
    const { began, world } = this.#process;
    const times = { from: began, to: world.clock.now() };
    const own =
      (inputs?.summary ?? true) ? makeSummary(result, this.#explainedStep(inputs), times, tests) : "";
    const text = own + scriptSummaries(result, Buffer.byteLength(own));
    if (text !== "") this.#append("GITHUB_STEP_SUMMARY", text + EOL);
  }

  /** Ends the step. Shows annotations for failed tests, and one for a failure of the run, which is the step's last line and makes it fail. */
  end = (result: Result, inputs: ReportedInputs | undefined, tests: TestResults | undefined): void => {
    const { screen } = this;
    this.#over.abort();
    screen.phase();
    for (const name of cutOutputs(result))
      screen.fold(`The output '${name}' has the last 1 MiB of what the script printed`, ALL_IN_LOG);
    const cut = cutResults(result);
    if (cut !== undefined)
      screen.fold(
        `The output 'results' has ${cut.count} of ${cut.total} items`,
        `An output holds no more. Those that did not succeed come first.${cut.file === undefined ? "" : ` All are in the file '${cut.file}' among the artifacts.`}`,
      );
    screen.close();
    for (const { text, ...place } of tests === undefined ? [] : testAnnotations(tests))
      screen.error(text, place);
    this.#out.flush();
    const error = explain(result, { ...this.#explainedStep(inputs), tests });
    if (error !== undefined) this.fail(error.title, makeAnnotation(error), error.place);
  };

  #explainedStep(inputs: ReportedInputs | undefined): ExplainedStep {
    return explainedStep(this.#env, inputs);
  }

  /** Writes values to the file that the runner names by this variable. Without a file it writes commands. */
  #keep(variable: keyof typeof COMMANDS, values: Readonly<Record<string, string>>): void {
    const all = Object.entries(values);
    const { random } = this.#process.world.clock;
    if (this.#env[variable])
      this.#append(variable, all.map(([name, value]) => fileEntry(name, value, random)).join(""));
    else
      this.screen.command(() => {
        for (const [name, value] of all) this.#command(COMMANDS[variable], { name }, value);
      });
  }

  #append(variable: string, text: string): void {
    try {
      this.#process.appendFile(this.#env[variable] ?? "", text);
    } catch (cause) {
      throw new Error(`The file that ${variable} names can't be written: ${messageOf(cause)}`, { cause });
    }
  }
}

/** What an explanation of a step names, in a workflow with these variables. */
export function explainedStep(env: NodeJS.ProcessEnv, inputs: ReportedInputs | undefined): ExplainedStep {
  const { timeout, script } = inputs ?? {};
  return {
    reader: "workflow",
    page: `${docsAddress(env)}errors.md`,
    timeout,
    scriptFile: script?.kind === "file" ? script.inWorkspace : undefined,
    selection: inputs,
    run: workflowRun(env),
  };
}
