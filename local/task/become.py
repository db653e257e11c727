"""The last step of isolate.sh: PID 1 enters the container's root file system and becomes its command.

Nothing is asked of the image, not even a shell: all that is needed here is in memory by then. Python's standard
library only, 3.9 or later. Arguments: the root, NAME=value ..., --, the program and its arguments. Speaks on
descriptor 3 as isolate.sh does; what it refuses, it refuses in the container runtime's words.
"""

import ctypes
import os
import platform
import signal
import sys

PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
MNT_DETACH = 2
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None, use_errno=True)


class Refused(Exception):
    """The command cannot be started."""


def say(*words):
    os.write(3, os.fsencode(" ".join(words) + "\n"))


def checked(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def enter(root):
    """Puts the new root over the old one and takes the old one away from under it."""
    os.chdir(root)
    checked(libc.syscall(PIVOT_ROOT[platform.machine()], b".", b"."))
    checked(libc.umount2(b".", MNT_DETACH))
    os.chdir("/")


def records(path):
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return [line.rstrip("\n").split(":") for line in file if line.count(":") >= 3]
    except FileNotFoundError:
        return []


class Account:
    """The user of a container definition's `user`, by Docker's rules: a name, or a number that need not be known."""

    def __init__(self, text):
        name, _, group = text.partition(":")
        groups = records("/etc/group")
        self.uid, self.gid, self.home, login = int(name) if name.isdigit() else None, 0, "/", None
        for entry in records("/etc/passwd"):
            if len(entry) >= 6 and name in (entry[0], entry[2]):
                login, self.uid, self.gid, self.home = entry[0], int(entry[2]), int(entry[3]), entry[5] or "/"
                break
        if self.uid is None:
            raise Refused(f"unable to find user {name}: no matching entries in passwd file")
        # The groups of /etc/group count only where `user` names no group.
        self.others = [int(entry[2]) for entry in groups if not group and login in entry[3].split(",")]
        if group:
            self.gid = next((int(entry[2]) for entry in groups if group in (entry[0], entry[2])), None)
            if self.gid is None and not group.isdigit():
                raise Refused(f"unable to find group {group}: no matching entries in group file")
            self.gid = int(group) if self.gid is None else self.gid

    def become(self):
        try:
            os.setgroups([self.gid, *self.others])
            os.setgid(self.gid)
            os.setuid(self.uid)
        except OSError as error:
            # A user namespace that was made without root has root as its only user.
            raise OSError(error.errno, f"{error.strerror}: only root may run containers as another user") from error
        # A change of user clears PR_SET_PDEATHSIG, so it is set again: this process must not outlive its parent.
        checked(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))


def find(name, path):
    if "/" in name:
        if not os.path.exists(name):
            raise Refused(f'"{name}": stat {name}: no such file or directory')
        if os.path.isdir(name) or not os.access(name, os.X_OK):
            raise Refused(f'"{name}": permission denied')
        return name
    for directory in path.split(":"):
        candidate = os.path.join(directory, name)
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return candidate
    raise Refused(f'"{name}": executable file not found in $PATH')


def main():
    box = {name: os.environ.get(f"BOX_{name}", "") for name in ("WORKDIR", "USER", "COMMAND")}
    root, *rest = sys.argv[1:]
    end = rest.index("--")
    env = dict(variable.split("=", 1) for variable in rest[:end])
    argv = rest[end + 1 :]
    enter(root)
    os.makedirs(box["WORKDIR"], exist_ok=True)
    os.chdir(box["WORKDIR"])
    # The command is looked for here, since an init would notice only later that it is missing.
    command = find(box["COMMAND"], env.get("PATH", ""))
    account = Account(box["USER"] or "0")
    env.setdefault("HOME", account.home)
    if box["USER"]:
        account.become()
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # Python ignores them, which exec would pass on.
    say("ready")
    os.close(3)
    os.execve(command if argv[0] == box["COMMAND"] else argv[0], argv, env)


try:
    main()
except Refused as refused:
    say("refuse", str(refused))
    sys.exit(127)
except OSError as error:
    say("fail", str(error))
    sys.exit(125)
