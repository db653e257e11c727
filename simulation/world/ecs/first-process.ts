import type { EcsOptions } from "../../ecs-options.ts";
import type { ContainerOptions } from "../../scenario.ts";
import { CONTAINER } from "../names.ts";

type Members = Readonly<Record<string, unknown>>;

/** What PID 1 of a new container does. */
export interface FirstProcess {
  /** Milliseconds until it ends by itself. */
  readonly endsAfter: number;
  readonly exitCode: number;
  /** Milliseconds from TERM to its end. */
  readonly stopsIn: number;
  /** Milliseconds from its begin to which its end can be put off; undefined when it can't be. */
  readonly mostPutOff: number | undefined;
  /** It is a shell that waits, and reaps what it adopts. */
  readonly isHeld: boolean;
}

/** An image's ENTRYPOINT that takes no command says so, and ends. */
const REFUSES_COMMAND = { endsAfter: 300, exitCode: 2, stopsIn: 0, mostPutOff: undefined, isHeld: false };
/** A held container ends so long after TERM. */
const HELD_STOPS_IN = 5_000;

/** PID 1 by the definition, the overrides of RunTask, and the image. */
export function firstProcessOf(
  { hasOwnEntryPoint, ownCommand }: EcsOptions,
  { stopsIn }: Pick<ContainerOptions, "stopsIn">,
  definition: Members,
  overrides: Members,
): FirstProcess {
  const defined = memberOf(definition, "containerDefinitions");
  const command = (memberOf(overrides, "containerOverrides")?.["command"] ?? defined?.["command"]) as
    readonly string[] | undefined;
  if (command === undefined) {
    return { endsAfter: ownCommand, exitCode: 0, stopsIn, mostPutOff: undefined, isHeld: false };
  }
  if (hasOwnEntryPoint && defined?.["entryPoint"] === undefined) return REFUSES_COMMAND;
  const script = command.at(-1) ?? "";
  const [, seconds, most] =
    /\be=\$\(\(t\+(\d+)\)\) m=\$\(\(t\+(\d+)\)\)/.exec(script) ?? /\bsleep (\d+) & wait/.exec(script) ?? [];
  if (seconds === undefined) throw new Error(`the world knows no command '${script}'`);
  return {
    ...{ endsAfter: Number(seconds) * 1000, exitCode: 0, stopsIn: HELD_STOPS_IN, isHeld: true },
    mostPutOff: most === undefined ? undefined : Number(most) * 1000,
  };
}

/** The member of the world's container in a list of the containers' members. */
function memberOf(members: Members, list: string): Members | undefined {
  return ((members[list] ?? []) as readonly Members[]).find(({ name }) => name === CONTAINER);
}
