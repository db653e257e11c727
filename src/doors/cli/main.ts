import { Command, CommanderError, Option } from "commander";
import { endSoon } from "../../waiting.ts";
import { systemClock as clock } from "../../clock.ts";
import { forwardOnFargate, runOnFargate, shellOnFargate, showOnFargate } from "../run-on-fargate.ts";
import { harmlessText } from "../../report/show/sanitise.ts";
import { VERSION } from "../../version.ts";
import { addInputOptions } from "./input-options.ts";
import { exitCodeOf, OWN_FAILURE } from "./exit-code.ts";
import { CHECK_SCREEN, FIRST_SCREEN, RESUME_HELP } from "./help-texts.ts";
import { checkForwards, FORWARD_OPTIONS, FORWARDS_HELP, useForward } from "./forward-command.ts";
import { HANDLE_HELP, handleText, withoutHandles } from "./handle.ts";
import { startLocal } from "./local.ts";
import { carryOut, type OwnOptions, runAndSetExitCode, setExitCode, terminal } from "./carry-out.ts";
import { checkDetach } from "./check-detach.ts";
import { checkKeepTask } from "./check-keep-task.ts";
import { copied, COPY_INPUTS, copyFiles, copyOptions, inWordsOfCopies } from "./copy-command.ts";
import { ATTACH_INPUTS, CHECK_INPUTS, LOGS_INPUTS } from "./lacking-options.ts";
import { withRegion } from "./region.ts";
import { RawTerminal } from "./raw-terminal.ts";
import { isScriptOnStdin, withScript } from "./script.ts";
import { scriptStdin, unreadStdinWarning, withItems } from "./stdin.ts";
import { faultOf } from "./faults.ts";
import { chooseShell, JOB_HELP, SHELL_HELP, SHELL_OPTIONS, type ShellWords } from "./shell-command.ts";
import { UsageError } from "./usage-error.ts";
import { watchWrites } from "./watch-writes.ts";

/** Carries out the command line of this process, which then ends soon. Never rejects. */
export async function main(argv: readonly string[]): Promise<void> {
  await carryOutLine(argv);
  endSoon(clock, (line) => terminal({}).warning(line));
}

/** Carries out a command line, and sets the exit code of the process. Never rejects. */
export async function carryOutLine(argv: readonly string[]): Promise<void> {
  // Without a listener this process would die when nothing reads its messages any more.
  process.stderr.on("error", () => undefined);
  try {
    await commandLine().parseAsync(argv, { from: "user" });
  } catch (error) {
    if (error instanceof UsageError) terminal({}).usage(harmlessText(error.message));
    else if (!(error instanceof CommanderError)) terminal({}).error(faultOf(error));
    process.exitCode = error instanceof CommanderError && error.exitCode === 0 ? 0 : OWN_FAILURE;
  }
}

function commandLine(): Command {
  const all = new Command("fargate-exec")
    .description("Runs a script in a container on AWS Fargate, with its live output and its exit code.")
    .version(VERSION)
    // Commands that are added afterwards inherit these settings.
    .exitOverride()
    .configureOutput({
      outputError: (text) => terminal({}).usage(withoutHandles(text.trim().replace(/^error: /, ""))),
    })
    .enablePositionalOptions();
  addRun(all);
  addCheck(all);
  addAttach(all);
  addLogs(all);
  addCopy(all);
  addForward(all);
  addShell(all);
  addLocal(all);
  return all;
}

function addRun(all: Command): void {
  const command = addOwnOptions(all.command("run"))
    .description(
      "Runs a command or a script in a running task, or in a new one. Its exit code is that of the script.",
    )
    .argument("[command...]", "the command to run, after --; or - for a script on standard input")
    .option("--run-file <path>", "The script, from this file; - for standard input.")
    .option("--resume <file>", RESUME_HELP);
  shorten(command, FIRST_SCREEN);
  const inputs = addInputOptions(command, { env: process.env });
  command.action(async (words: readonly string[], own: OwnOptions) => {
    const { runFile, resume } = own;
    const script = { words, runFile, stdin: process.stdin };
    const asked = await withRegion(await withScript(inputs(), script));
    checkDetach(asked, own);
    checkKeepTask(asked);
    const use = { inputs: asked, isScript: isScriptOnStdin(script) };
    const unread = unreadStdinWarning(use, process.stdin.fd);
    if (unread !== undefined) terminal(own).warning(unread);
    const all = await withItems(use, process.stdin);
    const stdin = await scriptStdin(use, process.stdin);
    const given = stdin === undefined ? all : { ...all, stdin: undefined };
    await runAndSetExitCode(given, own, { stdin, resume });
  });
}

/** `--help` shows this screen, and `--help --all` all options. */
function shorten(command: Command, screen: string): void {
  command.addOption(new Option("--all", "With --help: all options.").hideHelp());
  const allOptions = command.helpInformation.bind(command);
  command.helpInformation = (context) => (process.argv.includes("--all") ? allOptions(context) : screen);
}

function addCheck(all: Command): void {
  const command = addOwnOptions(all.command("check")).description(
    "Only looks whether a run with these options could work, and shows what is missing. Runs nothing.",
  );
  shorten(command, CHECK_SCREEN);
  const inputs = addInputOptions(command, { names: CHECK_INPUTS, env: process.env });
  command.action(async (own: OwnOptions) => {
    const given = await withItems({ inputs: await withRegion(inputs()), isScript: false }, process.stdin);
    await runAndSetExitCode(
      { ...given, check: true },
      { ...own, names: CHECK_INPUTS, help: "check --help --all" },
    );
  });
}

function addAttach(all: Command): void {
  const command = addOwnOptions(all.command("attach"))
    .description("Follows a script that was left running, to its end. Its exit code is that of the script.")
    .argument("<handle>", HANDLE_HELP);
  const inputs = addInputOptions(command, { names: ATTACH_INPUTS, env: process.env });
  command.action(async (handle: string, own: OwnOptions) => {
    const given = { ...inputs(), handle: await handleText(handle, process.stdin) };
    checkDetach(given, own);
    await runAndSetExitCode(given, { ...own, names: ATTACH_INPUTS, help: "attach --help" });
  });
}

function addLogs(all: Command): void {
  const command = addOwnOptions(all.command("logs"))
    .description(
      "Shows what a script that was left running has printed so far, by way of a bucket, and does not follow it.",
    )
    .argument("<handle>", HANDLE_HELP);
  const inputs = addInputOptions(command, { names: LOGS_INPUTS, env: process.env });
  command.action(async (handle: string, own: OwnOptions) => {
    const given = { ...inputs(), handle: await handleText(handle, process.stdin) };
    const isAllWritten = watchWrites(process.stdout);
    const { outcome, exitCode } = await carryOut(
      given,
      { ...own, names: LOGS_INPUTS, help: "logs --help" },
      showOnFargate,
    );
    const isShown = (outcome === "detached" || exitCode !== undefined) && (await isAllWritten());
    setExitCode(isShown ? 0 : OWN_FAILURE);
  });
}

function addCopy(all: Command): void {
  const command = addOwnOptions(all.command("cp"))
    .description(
      "Copies files into a running task, or from one. The container's path begins with a colon: cp dist :/srv/",
    )
    .argument("<paths...>", "what to copy, then where to; a directory to copy into ends with a slash");
  const inputs = addInputOptions(command, { names: COPY_INPUTS, env: process.env });
  command.action(async (words: readonly string[], own: OwnOptions) => {
    const since = clock.now();
    const given = await withRegion(inputs());
    const result = await copyFiles(words, given, (each, directory) =>
      carryOut(each, { ...own, names: COPY_INPUTS, help: "cp --help", copies: true }, (all, options) =>
        runOnFargate(all, copyOptions(options, directory)).then(inWordsOfCopies),
      ),
    );
    if (result.outcome === "succeeded")
      terminal(own).info(copied(words, given, { seconds: (clock.now() - since) / 1000 }));
    setExitCode(exitCodeOf(result));
  });
}

function addForward(all: Command): void {
  const command = addOwnOptions(all.command("forward"))
    .description(
      "Forwards ports of this machine into a running task, or a new one, while a command runs, or until Ctrl-C. Its exit code is that of the command, and 130 after Ctrl-C.",
    )
    .argument("[command...]", "the command that uses the ports, after --")
    .option("-L, --forward <forward>", FORWARDS_HELP, (text, all: readonly string[]) => [...all, text], []);
  const inputs = addInputOptions(command, { ...FORWARD_OPTIONS, env: process.env });
  command.action(
    async (words: readonly string[], own: OwnOptions & { readonly forward: readonly string[] }) => {
      const { forward: forwards } = own;
      const lines = checkForwards(forwards);
      const given = await withRegion(inputs());
      let hasCommand = false;
      const { outputsFile, quiet } = own;
      const more = { ...FORWARD_OPTIONS, hasCommand: () => hasCommand, outputs: [] };
      const result = await carryOut(given, { ...own, ...more }, (all, options, log) => {
        const { signal, during } = useForward(words, {
          ...{ forwards: lines, outputsFile, quiet, log, cancel: options.signal },
          onCommand: (runs) => (hasCommand = runs),
        });
        return forwardOnFargate({ during }, { ...all, forwards }, { ...options, signal });
      });
      setExitCode(exitCodeOf(result));
    },
  );
}

function addShell(all: Command): void {
  const command = addOwnOptions(all.command("shell"))
    .description(
      "Opens a shell in a running task, or a new one, on this terminal. Its exit code is that of the shell. ~. behind a line end leaves it.",
    )
    .argument("[command...]", "a command to run there instead, after --")
    .option("--shell <program>", SHELL_HELP)
    .option("--job <file|handle>", JOB_HELP);
  const inputs = addInputOptions(command, { ...SHELL_OPTIONS, env: process.env });
  command.action(async (words: readonly string[], own: OwnOptions & ShellWords) => {
    const { stdin, env } = process;
    const chosen = chooseShell(words, own, inputs(), { isTerminal: stdin.isTTY });
    const given = await withRegion(chosen.inputs);
    const terminal = new RawTerminal(env["TERM"] ?? "");
    const result = await carryOut(given, { ...own, ...SHELL_OPTIONS }, (all, options, log) =>
      shellOnFargate({ ...chosen, terminal, onTerminal: (isTaken) => log.lend(isTaken) }, all, options),
    );
    setExitCode(exitCodeOf(result));
  });
}

function addLocal(all: Command): void {
  all
    .command("local")
    .description(
      "Starts a Fargate on this machine, and prints its environment, or runs a command in that. Linux only.",
    )
    .argument("[command...]", "the command, after --; without one it ends with Ctrl-C")
    .option("--podman", "Its containers are podman's, with runc.")
    .action(async (words: readonly string[], { podman = false }: { readonly podman?: boolean }) => {
      process.exitCode = await startLocal([...(podman ? ["--podman"] : []), "--", ...words], VERSION);
    });
}

function addOwnOptions(command: Command): Command {
  return command
    .option("-q, --quiet", "Says nothing but warnings and errors.")
    .option("-v, --verbose", "Also says what helps to find a fault.")
    .option("--outputs-file <path>", "Writes the outputs to this file, as one JSON object.");
}
