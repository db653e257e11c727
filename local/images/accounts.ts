import { chownSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The accounts of every image. Besides Debian's there is `app`, in the groups `app` and `data`. */
const app = { uid: 1000, gid: 1000 };

const passwd = `root:x:0:0:root:/root:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
app:x:${app.uid}:${app.gid}:app:/home/app:/bin/sh
`;

const group = `root:x:0:
tty:x:5:
nogroup:x:65534:
app:x:${app.gid}:
data:x:1001:app
`;

/** The rules of su: root may become any user, and no other use works. */
const pam = "auth sufficient pam_rootok.so\naccount required pam_permit.so\nsession required pam_permit.so\n";

/**
 * Writes the files that Debian's package scripts would have written: accounts, su's rules, and the authorities that
 * curl trusts.
 */
export function writeEtc(root: string): void {
  const write = (path: string, text: string): void => writeFileSync(join(root, "etc", path), text);
  mkdirSync(join(root, "etc"), { recursive: true });
  mkdirSync(join(root, "root"), { mode: 0o700, recursive: true });
  mkdirSync(join(root, "home/app"), { recursive: true });
  // Without root no other user can own a file here or exist in the container.
  if (process.getuid?.() === 0) chownSync(join(root, "home/app"), app.uid, app.gid);
  write("passwd", passwd);
  write("group", group);
  if (existsSync(join(root, "etc/pam.d")))
    for (const name of ["su", "su-l", "runuser", "runuser-l"]) write(`pam.d/${name}`, pam);
  const authorities = join(root, "usr/share/ca-certificates/mozilla");
  if (existsSync(authorities)) {
    const texts = readdirSync(authorities).map((name) => readFileSync(join(authorities, name), "utf8"));
    write("ssl/certs/ca-certificates.crt", texts.join(""));
  }
}
