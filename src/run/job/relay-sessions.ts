import type { ExecConfiguration } from "../../aws/ecs.ts";
import type { Task } from "../../aws/task.ts";
import { forwardCommand } from "../../payload/forward.ts";
import { bucketOwner } from "../../ready/bucket.ts";
import { canNever } from "../../ready/denied-agent.ts";
import { findSessionLogs } from "../../ready/session-logs.ts";
import { waitUntilReady } from "../../ready/wait.ts";
import { openTicket, terminateSession } from "../../session/opener.ts";
import { requestSession } from "../../session/request-session.ts";
import type { Session } from "../../session/session.ts";
import { type ContainerRef, containerRef } from "../../targets/container-ref.ts";
import { tellWhile, WaitLines } from "../../waiting.ts";
import type { JobContext } from "./context.ts";
import { JobSeat } from "./job-seat.ts";
import { makeSessionSetup, type SessionSetup } from "./session-setup.ts";

/** How long a later session of a forward may wait for the exec agent. */
const LATER_MS = 30_000;

/** What differs between the sessions of forwards and those of shells. */
export interface RelayUse {
  /** The begin of the phase's title, as in "Forwarding into". */
  readonly doing: string;
  /** Of ExecuteCommand. A shell's depends on how the cluster logs its sessions. */
  readonly command: string | ((exec: ExecConfiguration | undefined) => string);
  /** What is said of sessions that may be logged. */
  readonly logged: string;
  /** Whether all sessions are in the task of the first. */
  readonly stays: boolean;
}

export const forwardUse = (): RelayUse => ({
  doing: "Forwarding into",
  command: forwardCommand(),
  logged: "The sessions of this container may be logged. The log gets the sealed bytes of the forward only.",
  stays: false,
});

/** Opens the sessions of a forward or a shell, one after the other, in the seat that it holds in its container. */
export class RelaySessions {
  /** The ID of the last session. */
  last: string | undefined;
  /** Whether the sessions are logged, as far as that is known. */
  isLogged = false;
  readonly #use: RelayUse;
  readonly #context: JobContext;
  readonly #seat: JobSeat;
  readonly #container: ContainerRef;
  readonly #setup: Promise<SessionSetup>;
  readonly #lines: WaitLines;
  readonly #deadline: number;
  /** Whether the agent has closed the last session. */
  #isEnded = false;

  /** Waits until the container takes sessions. An abort throws its reason. */
  static async begin(context: JobContext, signal: AbortSignal, use: RelayUse): Promise<RelaySessions> {
    const { inputs, target, clock, log, looks, stuckAfter } = context;
    const deadline = clock.now() + inputs.startTimeout;
    const lines = new WaitLines({ clock, log });
    const task = await waitUntilReady(target, deadline, {
      ecs: looks,
      clock,
      lines,
      stuckAfter,
      signal,
    });
    return new RelaySessions(context, task, { lines, deadline, use });
  }

  private constructor(
    context: JobContext,
    task: Task,
    {
      lines,
      deadline,
      use,
    }: { readonly lines: WaitLines; readonly deadline: number; readonly use: RelayUse },
  ) {
    this.#use = use;
    this.#context = context;
    this.#lines = lines;
    this.#deadline = deadline;
    this.#container = containerRef(context.target, task);
    this.#setup = this.#learn(task);
    this.#setup.catch(() => undefined); // `open` awaits it
    const { inputs, target } = context;
    const owner = bucketOwner(inputs, target.clusterArn);
    this.#seat = new JobSeat({ container: this.#container, owner, setup: this.#setup, start: true }, context);
  }

  /** `lost` is the last session, which is ended. An abort of `over` throws its reason. */
  async open(lost: string | undefined, over: AbortSignal): Promise<Session> {
    const { aws, looks, target, clock, log, budget, ledger, exec } = this.#context;
    const cancel = AbortSignal.any([this.#context.cancel, over]);
    const askedAt = clock.now();
    const isNew = await this.#seat.take(cancel);
    // The wait for a seat does not count towards `start-timeout`.
    const waited = clock.now() - askedAt;
    if (lost !== undefined) {
      await terminateSession(this.#context, lost);
      if (!isNew) await this.#seat.waitToReplace(lost);
    }
    const lines = lost === undefined ? this.#lines : new WaitLines({ clock, log });
    const until = lost === undefined ? this.#deadline + waited : clock.now() + LATER_MS;
    const canNeverConnect = (task: Task): Promise<boolean> =>
      canNever("connect", task, target.container, { ecs: looks, iam: aws.iam });
    const asking = {
      ...{ ecs: aws.ecs, looks, clock, lines, log, signal: cancel, canNeverConnect },
      isLater: lost !== undefined,
    };
    const { command: chosen } = this.#use;
    const command = typeof chosen === "string" ? chosen : chosen(await exec);
    const request = () => requestSession(target, command, until, asking);
    const ticket = await (isNew ? this.#seat.openAlone(request) : request());
    this.last = ticket.sessionId;
    ledger.replace(["session"], [{ kind: "session", sessionId: ticket.sessionId }]);
    this.#seat.onSession(ticket.sessionId);
    const encryption = this.#setup.then((known) => known.encryption);
    // A cancel ends the wait for the session, also one that has come during the call. Once that is open, the relay is told to end.
    const given = new AbortController();
    const onCancel = (): void => given.abort(cancel.reason);
    cancel.addEventListener("abort", onCancel, { once: true });
    if (cancel.aborted) onCancel();
    const opening = openTicket(ticket, {
      ...{ aws, sessionTarget: this.#container.sessionTarget, encryption, clock, log, cancel: given.signal },
      limits: budget.sessionLimits(1),
    }).finally(() => cancel.removeEventListener("abort", onCancel));
    const session = await tellWhile(`the connection to session ${ticket.sessionId}`, { clock, log }, opening);
    log.debug(`Session ${ticket.sessionId}.`);
    void session.ended.then((end) => (this.#isEnded = end.kind === "closed"));
    this.#isEnded = false;
    this.#seat.expectUpload(session, (await this.#setup).logs);
    return session;
  }

  /** Ends the last session, and gives the seat back. */
  async end(): Promise<void> {
    const { undoing, ledger, log } = this.#context;
    if (this.last !== undefined && !this.#isEnded) await terminateSession({ aws: undoing, log }, this.last);
    ledger.replace(["session"], []);
    await this.#seat.giveBack();
  }

  async #learn({ taskDefinitionArn }: Task): Promise<SessionSetup> {
    const { exec, looks, log, inputs, target } = this.#context;
    const known = await exec;
    const task = { taskDefinitionArn, container: target.container };
    const logs = await findSessionLogs(known, task, { ecs: looks, log, wanted: inputs.logs });
    this.isLogged = logs === undefined || logs.length > 0;
    if (this.isLogged) log.info(this.#use.logged);
    return { ...makeSessionSetup(known, logs, inputs), pieceUse: "never" };
  }
}
