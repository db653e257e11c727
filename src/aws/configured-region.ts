/** The region of this user's profile in the configuration of the AWS CLI; undefined when there is none. */
export async function configuredRegion(): Promise<string | undefined> {
  // Most runs know their region from elsewhere, and start sooner without this module.
  const { getProfileName, loadSharedConfigFiles } = await import("@smithy/core/config");
  const { configFile, credentialsFile } = await loadSharedConfigFiles();
  const profile = getProfileName({});
  // As in the AWS CLI, whose credentials file may have settings, too (botocore, `Session.full_config`).
  return { ...configFile[profile], ...credentialsFile[profile] }["region"];
}
