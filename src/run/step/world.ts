import { constants, createGunzip } from "node:zlib";
import { sdkServices } from "../../aws/sdk-services.ts";
import type { World } from "../../aws/world.ts";
import { systemClock } from "../../clock.ts";
import { lockOnMachine } from "../../queue/machine-lock.ts";
import { systemPorts } from "../../session/forward/system-ports.ts";
import { openWebSocket } from "../../session/transport/web-socket.ts";

/** The real world, around this process. */
export const realWorld: World = {
  clock: systemClock,
  env: process.env,
  services: sdkServices,
  openSocket: openWebSocket,
  ports: systemPorts,
  // Without it a stream that is cut short is an error, and what came before is lost.
  gunzip: () => createGunzip({ finishFlush: constants.Z_SYNC_FLUSH }),
  machineLock: (name, clock) => lockOnMachine(name, clock),
};
