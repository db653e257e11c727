/** Regular expressions of the names that ECS gives and takes. */
export const ECS_NAME = "[A-Za-z0-9_-]{1,255}";
export const ECS_ARN = "arn:aws[a-z-]*:ecs:[a-z0-9-]+:[0-9]{12}";
