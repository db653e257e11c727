/**
 * The published request rates of the ECS API, for each account and region: the size of each token bucket (`burst`), and the tokens
 * that it regains each second (`rate`). ExecuteCommand, RunTask and StopTask share a bucket.
 */
const buckets = {
  "cluster resource modify": { burst: 100, rate: 40 },
  "cluster resource read": { burst: 100, rate: 20 },
  "task definition modify": { burst: 20, rate: 1 },
  "task definition read": { burst: 50, rate: 20 },
  "cluster modify": { burst: 20, rate: 1 },
  "cluster read": { burst: 50, rate: 20 },
  "service modify": { burst: 50, rate: 5 },
  "service read": { burst: 100, rate: 20 },
  "task protection": { burst: 200, rate: 80 },
} as const;

type Bucket = keyof typeof buckets;

const bucketOf: Readonly<Record<string, Bucket>> = {
  ExecuteCommand: "cluster resource modify",
  RunTask: "cluster resource modify",
  StartTask: "cluster resource modify",
  StopTask: "cluster resource modify",
  DescribeTasks: "cluster resource read",
  ListTasks: "cluster resource read",
  RegisterTaskDefinition: "task definition modify",
  DeregisterTaskDefinition: "task definition modify",
  DescribeTaskDefinition: "task definition read",
  ListTaskDefinitions: "task definition read",
  ListTaskDefinitionFamilies: "task definition read",
  CreateCluster: "cluster modify",
  UpdateCluster: "cluster modify",
  DeleteCluster: "cluster modify",
  DescribeClusters: "cluster read",
  ListClusters: "cluster read",
  CreateService: "service modify",
  UpdateService: "service modify",
  DeleteService: "service modify",
  DescribeServices: "service read",
  ListServices: "service read",
  GetTaskProtection: "task protection",
  UpdateTaskProtection: "task protection",
  // AWS's page names no rates for these. They are taken to share the services' buckets.
  ContinueServiceDeployment: "service modify",
  ListServiceDeployments: "service read",
  DescribeExpressGatewayService: "service read",
  DescribeServiceDeployments: "service read",
  DescribeServiceRevisions: "service read",
};

/** How many tasks Fargate starts at once (`burst`) and then each second (`rate`), for each account and region. */
const LAUNCHES = { burst: 100, rate: 20 } as const;

/** Counts calls and launches, and says whether one more is within the rates. Times are in milliseconds. */
export class Throttle {
  readonly #levels = new Map<Bucket | "launches", { tokens: number; at: number }>();

  mayCall(operation: string, now: number): boolean {
    const name = bucketOf[operation];
    return name === undefined || this.#take(1, name, buckets[name], now);
  }

  /** Whether Fargate starts `count` tasks now. */
  mayLaunch(count: number, now: number): boolean {
    return this.#take(count, "launches", LAUNCHES, now);
  }

  #take(
    count: number,
    name: Bucket | "launches",
    { burst, rate }: { readonly burst: number; readonly rate: number },
    now: number,
  ): boolean {
    const level = this.#levels.get(name) ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, level.tokens + ((now - level.at) / 1000) * rate);
    const admitted = tokens >= count;
    this.#levels.set(name, { tokens: admitted ? tokens - count : tokens, at: now });
    return admitted;
  }
}
