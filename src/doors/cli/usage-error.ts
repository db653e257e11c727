/** The command line can't be carried out as it stands. The message is for the user. */
export class UsageError extends Error {}
