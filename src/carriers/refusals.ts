import { Failure, type FailureCode } from "../errors.ts";
import { PARENT_DIRECTORIES } from "../payload/container-source.ts";
import type { ContainerRefusal } from "./job-end.ts";

/** The words of a refusal. The functions take the container's name, or the text of the refusal. */
interface RefusalWords {
  readonly code: FailureCode;
  readonly failed: (container: string) => string;
  /** By default it quotes the container's text, or else the code. */
  readonly seen?: (text: string) => string;
  readonly advice: string;
}

/** The failure of a container that shows no job. `container` is as in "The container 'app' of task 0123 …". */
export function refusalFailure(refusal: ContainerRefusal, text: string, container: string): Failure {
  const { code, failed, seen, advice } = REFUSALS[refusal];
  return new Failure(code, {
    failed: failed(container),
    seen: seen?.(text) ?? `It said: ${text || refusal}.`,
    advice,
  });
}

/** The text of the refusal `echo`. `replaceable` is the program that another user of the container can replace. */
export function whyNothingIsTyped(replaceable: string | undefined): string {
  return replaceable === undefined
    ? "its terminal's echo can't be turned off"
    : `another user of the container can replace ${replaceable}, so none of its programs is run`;
}

const couldNotRun = (container: string): string => `The ${container} could not run the script.`;
const saidBeforeTheScript = (text: string): string => `It said: ${text}. No script has run.`;

const NOT_FETCHED = {
  code: "download-failed",
  failed: (container: string) => `The ${container} could not fetch the script.`,
  seen: (text: string) => `Its last words: ${text || "none"}.`,
} as const;

const OTHER: RefusalWords = {
  code: "container-refused",
  failed: couldNotRun,
  advice:
    "Check what the image needs: a POSIX shell, stty or python3, python3 or awk, and the usual small tools.",
};

const REFUSALS: Readonly<Record<ContainerRefusal, RefusalWords>> = {
  download: {
    ...NOT_FETCHED,
    advice:
      "Allow 's3:GetObject' on the staged object to the task role ('task-role'), and give the task a route to S3.",
  },
  "no-boto3": {
    ...NOT_FETCHED,
    advice:
      "The image needs python3 or curl, and the task a route to S3: then the container fetches the script from a presigned URL. Or leave 'bucket' out: then the script travels over the session.",
  },
  echo: {
    code: "container-refused",
    failed: couldNotRun,
    advice:
      "Nothing secret is typed into a terminal that echoes. The image needs stty (coreutils) or python3, and its programs have to belong to root.",
  },
  busy: {
    code: "container-busy",
    failed: (container) => `The ${container} was not free for this run, so the script was not started.`,
    seen: (text) => `It is ${text}.`,
    advice:
      "Wait for that job, which its own 'timeout' ends, or stop it in the container. Raise 'queue-timeout' to wait longer.",
  },
  gone: {
    code: "no-status",
    failed: (container) => `The ${container} no longer has the job of this run.`,
    advice:
      "The job's directory in the container is gone, and its status with it: the container was started anew, the runner was held up for most of the ten minutes for which an end is kept, or a program there has removed it, maybe the script, by the path of one of the files that its variables name. Let that be, and run the job again.",
  },
  lost: {
    code: "no-status",
    failed: (container) => `The ${container} ran the script, and how it ended is not known.`,
    seen: (text) => `It said: ${text || "nothing of use"}.`,
    advice:
      "Something in the container filled the disk or killed what waits for the script, maybe because memory ran out: see the task's 'memory', and 'ephemeralStorage' in its definition or in the input 'overrides'.",
  },
  ended: {
    code: "job-gone",
    failed: (container) => `The ${container} no longer has the job of the handle.`,
    seen: () => "Its directory there is gone.",
    advice:
      "Its end was taken by another run, or it ended more than ten minutes ago and nobody followed it. Attach within ten minutes of the job's end.",
  },
  followed: {
    code: "job-followed",
    failed: (container) => `The job in the ${container} is followed by another run.`,
    seen: (text) => `It said: ${text}.`,
    advice:
      "Without output by S3 one run at a time can follow a job. Wait for the other's end, or give the run that starts the job a 'bucket'.",
  },
  "job-directory": {
    code: "container-refused",
    failed: couldNotRun,
    advice: `One of ${PARENT_DIRECTORIES.join(", ")} has to be writable for root, and for others only where it is sticky, as /tmp is.`,
  },
  user: {
    code: "user-not-found",
    failed: (container) => `Input 'user' names a user that the ${container} does not have.`,
    seen: saidBeforeTheScript,
    advice: "Name a user of the image's /etc/passwd, or a number such as 1000:1000, which need not be in it.",
  },
  directory: {
    code: "working-directory-not-found",
    failed: (container) => `Input 'working-directory' names no directory that the ${container} can enter.`,
    seen: saidBeforeTheScript,
    advice:
      "Name a directory of the image, or of a volume that the container mounts, or fill it by 'files', which makes it. Without the input the script begins in the image's own WORKDIR.",
  },
  shell: {
    code: "shell-not-found",
    failed: (container) =>
      `The ${container} can't run what input 'shell', or else the script's first line, asks for.`,
    seen: saidBeforeTheScript,
    advice:
      "Name a program that is in the image, with its full path where its directory is not in PATH, or use an image that has this one. A script for sh needs no 'shell'.",
  },
  files: {
    code: "files-not-placed",
    failed: (container) => `The files of input 'files' could not be placed in the ${container}.`,
    seen: saidBeforeTheScript,
    advice:
      "Name a destination in the container that may be written, such as 'conf/**=/srv/conf', and put python3 into the image: without it files go only where no other user of the container may write.",
  },
  variable: {
    code: "bad-input",
    failed: (container) =>
      `Input 'env' or 'secrets' sets a variable to a value that the shell of the ${container} does not pass on.`,
    seen: saidBeforeTheScript,
    advice:
      "Give the variable another name. A shell keeps some variables to itself, as bash and zsh keep UID, EUID and PPID. Some take numbers only, as OPTIND.",
  },
  start: OTHER,
  job: OTHER,
  unknown: OTHER,
};
