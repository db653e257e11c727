/** How a session has ended. */
export type SessionEnd =
  /** The agent or the gateway ended it. `text` is the reason, undefined after a normal end. */
  | { readonly kind: "closed"; readonly text: string | undefined }
  /** It can't go on: no new connection could be made, or the protocol failed. The command may still run. */
  | { readonly kind: "lost"; readonly why: string; readonly cause?: unknown }
  /** The caller has closed it, by `close` or the signal. The command may still run. */
  | { readonly kind: "closed-here" };
