import type { AwsClients } from "./clients.ts";
import { batchCalls } from "./s3-batches.ts";
import type { S3 } from "./s3.ts";
import { crossRegionRequester, s3Requester } from "./s3-requester.ts";
import { deleteCalls } from "./s3-deletes.ts";
import { readCalls } from "./s3-reads.ts";
import { settingsCalls } from "./s3-settings.ts";
import { writeCalls } from "./s3-writes.ts";

export function s3Calls(clients: AwsClients): S3 {
  const ask = s3Requester(clients, clients.signal);
  /**
   * For calls that a cancel must not cut short: the caller has to know whether they have written, to undo that. They end before the
   * runner ends the process. The ledger still has what they were to undo then, and the post step does it.
   */
  const finish = s3Requester(clients, clients.ending);
  const askAcrossRegions = crossRegionRequester(clients, clients.signal);
  return {
    ...readCalls({ ask, askAcrossRegions }, clients.clock),
    ...writeCalls(ask, finish),
    ...deleteCalls(ask, finish),
    ...batchCalls(ask, clients.clock),
    ...settingsCalls(ask),
    presignGet: (object, seconds) => ask("GetObject", object, () => clients.presignGet(object, seconds)),
    presignPost: (folder, limits) =>
      ask("PutObject", folder, async () => {
        const { url, fields, credentialsEnd } = await clients.presignPost(folder, limits);
        const others = Object.entries(fields).filter(([name]) => name !== "key");
        return { url, fields: Object.fromEntries(others), credentialsEnd };
      }),
  };
}
