"""The first process in a container's own PID, mount, IPC and UTS namespace.

It lays out the root file system, enters it and becomes the container's command. It makes the system calls itself, since
a program for each mount would take most of a container's start. It needs nothing from the image, not even a shell. It uses
Python's standard library only, 3.9 or later. Its arguments are the command. Every user of the machine can read a program's
arguments, so the container's own variables come by the environment. Variables:

  BOX_HOSTNAME BOX_IP
  BOX_ROOT     directory of the image's root file system; that of this machine when empty
  BOX_LAYER    directory whose files are copied over it, may be empty
  BOX_KEEP     paths of the host that the container must see, one a line
  BOX_HOMES    homes of this machine that are not below those directories that no container sees, one a line
  BOX_INIT     init of the host that the container gets as /dev/init, may be empty
  BOX_WORKDIR BOX_USER BOX_COMMAND
  BOX_VARIABLE_0 ...  the container's environment: NAME=value

It writes to descriptor 3: first "pid N" (the host's number), then "ready". When it can't go on it writes "fail ..." for a
fault of this machine, or "refuse ..." in the container runtime's words for a command that can't be started.
"""

import os
import sys

# The module `signal` takes as long to import as Python takes to start, and so does `re`: no part of this program imports them.
from _signal import SIG_DFL, SIGKILL, SIGPIPE, SIGXFSZ, signal
from itertools import count, takewhile

HERE = os.path.dirname(os.path.realpath(__file__))
# The npm package has all of them below one directory (scripts/package.ts).
sys.path[:0] = [HERE, os.path.join(HERE, "command"), os.path.join(HERE, "..", "agent", "command")]
from container_user import Account, Refused, find
from namespaces import close_all_but, refuse_user_namespaces
from root_file_system import ROOT, checked, lay_out, libc

PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
MNT_DETACH = 2
PR_SET_PDEATHSIG = 1
PR_CAPBSET_READ, PR_CAPBSET_DROP = 23, 24
# The capabilities that Docker gives a container, without CAP_MKNOD and CAP_NET_RAW: by a device node of its own a container could
# read this machine's disk, and by a raw socket its network, which it shares.
CAPABILITIES = {
    **{"CHOWN": 0, "DAC_OVERRIDE": 1, "FOWNER": 3, "FSETID": 4, "KILL": 5, "SETGID": 6, "SETUID": 7, "SETPCAP": 8},
    **{"NET_BIND_SERVICE": 10, "SYS_CHROOT": 18, "AUDIT_WRITE": 29, "SETFCAP": 31},
}
BOX = ("HOSTNAME", "IP", "ROOT", "LAYER", "KEEP", "HOMES", "INIT", "WORKDIR", "USER", "COMMAND")


def say(*words):
    os.write(3, os.fsencode(" ".join(words) + "\n"))


def drop_capabilities():
    """Leaves the program that this process becomes, and all that it starts, the capabilities of a container."""
    # UTF-8 is part of Python itself. It would load any other encoding from the container's files.
    with open("/proc/sys/kernel/cap_last_cap", encoding="utf-8") as file:
        last = int(file.read())
    for number in set(range(last + 1)) - set(CAPABILITIES.values()):
        if libc.prctl(PR_CAPBSET_READ, number, 0, 0, 0) == 1:
            checked(libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0), "drop capability")


def enter(root):
    """Mounts the new root over the old one, and unmounts the old one."""
    os.chdir(root)
    checked(libc.syscall(PIVOT_ROOT[os.uname().machine], b".", b"."))
    checked(libc.umount2(b".", MNT_DETACH))
    os.chdir("/")


def become(account):
    try:
        os.setgroups([account.gid, *account.others])
        os.setgid(account.gid)
        os.setuid(account.uid)
    except OSError as error:
        # A user namespace that was made without root has root as its only user.
        raise OSError(error.errno, f"{error.strerror}: only root may run containers as another user") from error
    # A change of user clears PR_SET_PDEATHSIG, so it is set again: this process must not outlive its parent.
    checked(libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))


def main():
    close_all_but(0, 1, 2, 3)
    box = {name: os.environ.get(f"BOX_{name}", "") for name in BOX}
    names = takewhile(os.environ.__contains__, (f"BOX_VARIABLE_{at}" for at in count()))
    env = dict(os.environ[name].split("=", 1) for name in names)
    argv = sys.argv[1:]
    # /proc is still the host's, so this is the host's number of this process.
    say("pid", os.readlink("/proc/self"))
    lay_out(box)
    enter(ROOT)
    os.makedirs(box["WORKDIR"], exist_ok=True)
    os.chdir(box["WORKDIR"])
    # The command is looked for before the init runs, since the init would notice a missing command only after "ready".
    command = find(box["COMMAND"], env.get("PATH", ""))
    account = Account(box["USER"] or "0")
    env.setdefault("HOME", account.home)
    refuse_user_namespaces()
    drop_capabilities()
    # The device that this process was given is on a writable mount of this machine, and /proc/self/fd leads there.
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 0)
    os.close(null)
    if box["USER"]:
        become(account)
    for number in (SIGPIPE, SIGXFSZ):
        signal(number, SIG_DFL)  # Python ignores them, and exec would pass that on.
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
