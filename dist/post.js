/** What the ledger says that main has saved, as the runner passes it on. A door imports nothing but the bundle. */
const saved = process.env["STATE_fargate-exec"] ?? "";
// Most runs leave nothing. Then loading the bundle would take longer than the rest of the post step.
if (saved === "" || JSON.parse(saved).undo.length === 0)
    process.stdout.write("Nothing was left to undo.\n");
else
    await (await import("./action.js")).finishCleanup();
export {};
