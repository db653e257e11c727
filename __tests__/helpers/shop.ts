import { ECSClient, UpdateServiceCommand } from "@aws-sdk/client-ecs";
import { openShop, SHOP_IMAGES, SHOP_REGION } from "../../local/shop/shop.ts";
import { type LocalFargate, startLocalFargate } from "../../local/start.ts";

/** The account that the README and the examples use, on a local Fargate of this process. */
export class Shop {
  readonly local: LocalFargate;
  /** The real names for texts of the workflows, by these texts: AWS or this machine has given them. */
  readonly fillIns: Readonly<Record<string, string>>;

  private constructor(local: LocalFargate, fillIns: Readonly<Record<string, string>>) {
    this.local = local;
    this.fillIns = fillIns;
  }

  static async open(images = SHOP_IMAGES): Promise<Shop> {
    const local = await startLocalFargate({ region: SHOP_REGION, stopTimeout: 500, images });
    return new Shop(local, await openShop(local));
  }

  async stop(): Promise<void> {
    await this.local.stop();
  }

  /** The variables that a runner gets. It gets no keys. */
  get endpoint(): Readonly<Record<string, string>> {
    return { AWS_ENDPOINT_URL: this.local.url };
  }

  /** Lets the deployments of the service pause once their new tasks run, or no longer. */
  async pause(pauses: boolean): Promise<void> {
    const { url: endpoint, region, admin: credentials } = this.local;
    const ecs = new ECSClient({ endpoint, region, credentials, maxAttempts: 3 });
    const hook = { targetType: "PAUSE" as const, lifecycleStages: ["POST_SCALE_UP" as const] };
    await ecs.send(
      new UpdateServiceCommand({
        ...{ cluster: "production", service: "shop" },
        deploymentConfiguration: { lifecycleHooks: pauses ? [hook] : [] },
      }),
    );
  }

  /** The revisions of the service's running tasks. */
  running(): readonly string[] {
    const ours = this.local.tasks.filter(
      ({ plan, desiredStatus }) => plan.group === "service:shop" && desiredStatus === "RUNNING",
    );
    return ours.map(({ plan }) => `${plan.definition.family}:${plan.definition.revision}`);
  }
}
