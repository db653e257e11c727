"""The first process in a container's own PID, mount, IPC and UTS namespace.

It lays out the root file system, enters it and becomes the container's command. It makes the system calls itself, since
a program for each mount would take most of a container's start. It needs nothing from the image, not even a shell. It uses
Python's standard library only, 3.9 or later. Its arguments are the command. Every user of the machine can read a program's
arguments, so the container's own variables come by the environment. Variables:

  BOX_HOSTNAME BOX_IP
  BOX_ROOT     directory of the image's root file system; that of this machine when empty
  BOX_LAYER    directory whose files are copied over it, may be empty
  BOX_KEEP     paths of the host that the container must see, one a line
  BOX_HOMES    homes of this machine that are not in HIDDEN, one a line
  BOX_INIT     init of the host that the container gets as /dev/init, may be empty
  BOX_WORKDIR BOX_USER BOX_COMMAND
  BOX_VARIABLE_0 ...  the container's environment: NAME=value

It writes to descriptor 3: first "pid N" (the host's number), then "ready". When it can't go on it writes "fail ..." for a
fault of this machine, or "refuse ..." in the container runtime's words for a command that can't be started.
"""

import ctypes
import os
import re
import signal
import stat
import sys
from itertools import count, takewhile

HERE = os.path.dirname(os.path.realpath(__file__))
# The npm package has both in one directory (scripts/package.ts).
sys.path[:0] = [os.path.join(HERE, "command"), os.path.join(HERE, "..", "agent", "command")]
from namespaces import close_all_but, refuse_user_namespaces

PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
MS_RDONLY, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC = 1, 4, 32, 4096, 16384
# Options in /proc/self/mountinfo that a remount must repeat: without root, none of them may be taken away.
KEPT = {"nosuid": 2, "nodev": MS_NODEV, "noexec": 8, "noatime": 1024, "nodiratime": 2048, "relatime": 1 << 21}
MNT_DETACH = 2
PR_SET_PDEATHSIG = 1
PR_CAPBSET_READ, PR_CAPBSET_DROP = 23, 24
# The capabilities that Docker gives a container, without CAP_MKNOD and CAP_NET_RAW: by a device node of its own a container could
# read this machine's disk, and by a raw socket its network, which it shares.
CAPABILITIES = {
    **{"CHOWN": 0, "DAC_OVERRIDE": 1, "FOWNER": 3, "FSETID": 4, "KILL": 5, "SETGID": 6, "SETUID": 7, "SETPCAP": 8},
    **{"NET_BIND_SERVICE": 10, "SYS_CHROOT": 18, "AUDIT_WRITE": 29, "SETFCAP": 31},
}
# The directories of this machine that no container sees: they hold homes, devices and the data of programs.
HIDDEN = ("root", "home", "tmp", "run", "dev", "proc", "sys", "var/lib", "var/tmp")
# A container run as root is the machine's root to the kernel, which lets that user write to these (as Docker's "readonlyPaths").
READ_ONLY = ("sys", "bus", "fs", "irq", "sysrq-trigger", "asound")
# What these show is the machine's (as Docker's "maskedPaths").
MASKED = ("acpi", "kcore", "keys", "latency_stats", "timer_list", "sched_debug", "scsi")
ROOT = "/run/root"
BOX = ("HOSTNAME", "IP", "ROOT", "LAYER", "KEEP", "HOMES", "INIT", "WORKDIR", "USER", "COMMAND")
libc = ctypes.CDLL(None, use_errno=True)


class Refused(Exception):
    """The command cannot be started."""


def say(*words):
    os.write(3, os.fsencode(" ".join(words) + "\n"))


def checked(result, *what):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), *what)


def mount(kind, target, options="", source=None, flags=0):
    words = [os.fsencode(word) for word in (source or kind, target, kind, options)]
    checked(libc.mount(*words[:3], ctypes.c_ulong(flags), words[3]), target)


def bind(source, target, flags=0):
    mount("none", target, source=source, flags=MS_BIND | flags)


def copy_of(directory, name, target, more=""):
    """Mounts a writable view of a directory on target."""
    upper, work = (f"/run/{part}/{name}" for part in ("upper", "scratch"))
    os.makedirs(upper, exist_ok=True)
    os.makedirs(work, exist_ok=True)
    # A device node in a directory of this machine stays out of reach.
    mount("overlay", target, f"lowerdir={directory},upperdir={upper},workdir={work}{more}", flags=MS_NODEV)


def make_above(name):
    """Makes the directories above a name in the upper layer. There they replace those of this machine, so they get the same owners and modes."""
    above = os.path.dirname(name)
    path = f"/run/upper/all/{above}"
    if not os.path.isdir(path):
        make_above(above)
        about = os.stat(f"/{above}")
        os.mkdir(path)
        os.chown(path, about.st_uid, about.st_gid)
        os.chmod(path, stat.S_IMODE(about.st_mode))


def hide(directories):
    """Takes directories out of the view that `copy_of("/", "all", ...)` will give, so that no unmount shows them."""
    os.makedirs("/run/upper/all")
    for name in directories:
        if os.path.isdir(f"/{name}"):
            make_above(name)
            # What an overlay shows as missing: see "whiteouts and opaque directories" in the kernel's overlayfs.rst.
            os.mknod(f"/run/upper/all/{name}", stat.S_IFCHR, 0)


def read_only(*targets):
    """Makes mounts, and all mounts below them, read-only."""
    roots = tuple(f"{target}/" for target in targets)
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        mounts = [line.split(" ") for line in file]
    for fields in mounts:
        path = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), fields[4])
        if f"{path}/".startswith(roots):
            kept = sum(KEPT.get(option, 0) for option in fields[5].split(","))
            try:
                bind(path, path, MS_REMOUNT | MS_RDONLY | kept)
            except PermissionError:
                # Below a directory that the user who started this one may not enter, nor may the container.
                if is_root():
                    raise


def guard_proc():
    """Takes from the container what /proc gives the machine's root. Without capabilities, nobody in it can undo that."""
    paths = [path for path in (f"{ROOT}/proc/{name}" for name in READ_ONLY) if os.path.exists(path)]
    for path in paths:
        bind(path, path, MS_REC)
    for path in (f"{ROOT}/proc/{name}" for name in MASKED):
        if os.path.isdir(path):
            mount("tmpfs", path, "mode=555", flags=MS_RDONLY)
        elif os.path.exists(path):
            bind("/dev/null", path)
            paths.append(path)
    read_only(*paths)


def is_root():
    """Whether root here is the machine's root, and not that of a user namespace."""
    with open("/proc/self/uid_map", encoding="utf-8") as file:
        return file.read().split() == ["0", "0", "4294967295"]


def drop_capabilities():
    """Leaves the program that this process becomes, and all that it starts, the capabilities of a container."""
    # UTF-8 is part of Python itself. It would load any other encoding from the container's files.
    with open("/proc/sys/kernel/cap_last_cap", encoding="utf-8") as file:
        last = int(file.read())
    for number in set(range(last + 1)) - set(CAPABILITIES.values()):
        if libc.prctl(PR_CAPBSET_READ, number, 0, 0, 0) == 1:
            checked(libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0), "drop capability")


def copy_of_image(directory):
    # The path is relative, since a mount option can't escape a comma or a colon.
    os.chdir(directory)
    try:
        copy_of(".", "all", ROOT)
    except OSError:
        copy_of(".", "all", ROOT, ",userxattr")
    os.chdir("/")


def copy_of_machine(homes):
    if is_root():
        hide((*HIDDEN, *(home[1:] for home in homes)))
    try:
        return copy_of("/", "all", ROOT)
    except OSError:
        pass
    # Without root, no overlay may cover a directory that has a mount below it. So each top directory gets its own overlay. One
    # with a mount below it is shown read-only.
    mount("tmpfs", ROOT, "mode=755")
    for name in sorted(os.listdir("/")):
        path, target = f"/{name}", f"{ROOT}/{name}"
        if name.startswith(".") or name in ("proc", "sys", "dev", "tmp", "run", "root", "home"):
            continue
        if os.path.islink(path):
            os.symlink(os.readlink(path), target)
        elif os.path.isdir(path):
            os.mkdir(target)
            try:
                copy_of(path, name, target, ",userxattr")
            except OSError:
                bind(path, target, MS_REC)
                read_only(target)


def add_devices(directory):
    mount("tmpfs", directory, "mode=755")
    for name in ("pts", "shm"):
        os.mkdir(f"{directory}/{name}")
    devices = ("null", "zero", "full", "random", "urandom", "tty")
    for name in devices:
        touch(f"{directory}/{name}")
        bind(f"/dev/{name}", f"{directory}/{name}")
    # A device can be written to on a read-only mount, but its mode and its owner, which are this machine's, can't be changed.
    read_only(*(f"{directory}/{name}" for name in devices))
    mount("devpts", f"{directory}/pts", "newinstance,ptmxmode=0666,mode=620")
    links = {"ptmx": "pts/ptmx", "fd": "/proc/self/fd"}
    links.update((name, f"/proc/self/fd/{at}") for at, name in enumerate(("stdin", "stdout", "stderr")))
    for name, to in links.items():
        os.symlink(to, f"{directory}/{name}")
    mount("tmpfs", f"{directory}/shm", "mode=1777")


def touch(path, text=""):
    with open(path, "a", encoding="utf-8") as file:
        file.write(text)


def keep(path):
    """Shows a path of the host that the overlay lacks. The overlay shows one file system only, and the homes are hidden."""
    target = ROOT + path
    if not os.access(path, os.R_OK) or os.path.exists(target):
        return
    os.makedirs(target)
    bind(path, target)
    read_only(target)


def lay_out(box):
    """Mounts the root file system on ROOT, in this mount namespace only."""
    # This replaces the host's /run, which is not needed here.
    mount("tmpfs", "/run", "mode=755")
    os.mkdir(ROOT)
    homes = list(filter(None, box["HOMES"].split("\n")))
    if box["ROOT"]:
        copy_of_image(box["ROOT"])
    else:
        copy_of_machine(homes)
    # Copied, since no overlay may have a directory and its parent as its layers.
    if box["LAYER"] and os.spawnvp(os.P_WAIT, "cp", ["cp", "-R", f"{box['LAYER']}/.", ROOT]) != 0:
        raise OSError(0, "cp failed", box["LAYER"])
    for name in ("proc", "sys", "dev", "tmp", "run", "root", "home", "etc"):
        os.makedirs(f"{ROOT}/{name}", exist_ok=True)
    mount("proc", f"{ROOT}/proc")
    guard_proc()
    bind("/sys", f"{ROOT}/sys", MS_REC)
    read_only(f"{ROOT}/sys")
    add_devices(f"{ROOT}/dev")
    mount("tmpfs", f"{ROOT}/tmp", "mode=1777")
    mount("tmpfs", f"{ROOT}/run", "mode=755")
    if not box["ROOT"]:
        # The homes of this machine may hold credentials, and other directories the data of its programs. All of them are hidden.
        for name, mode in (("root", 711), ("home", 755), ("var/lib", 755), ("var/tmp", 1777)):
            if os.path.isdir(f"/{name}"):
                os.makedirs(f"{ROOT}/{name}", exist_ok=True)
                mount("tmpfs", f"{ROOT}/{name}", f"mode={mode}")
        # Without root, nothing can be taken out of the view.
        for home in homes:
            if os.path.isdir(ROOT + home):
                mount("tmpfs", ROOT + home, "mode=755")
    if box["INIT"]:
        with open(box["INIT"], "rb") as source, open(f"{ROOT}/dev/init", "wb") as target:
            target.write(source.read())
        os.chmod(f"{ROOT}/dev/init", 0o755)
    for path in filter(None, box["KEEP"].split("\n")):
        keep(path)
    name = os.fsencode(box["HOSTNAME"])
    checked(libc.sethostname(name, len(name)), "hostname")
    touch("/run/hostname", f"{box['HOSTNAME']}\n")
    touch("/run/hosts", f"127.0.0.1 localhost\n{box['IP']} {box['HOSTNAME']}\n")
    for name in ("hostname", "hosts"):
        # Without root, the machine's own file can't be opened to be written.
        if not os.path.exists(f"{ROOT}/etc/{name}"):
            touch(f"{ROOT}/etc/{name}")
        bind(f"/run/{name}", f"{ROOT}/etc/{name}")


def enter(root):
    """Mounts the new root over the old one, and unmounts the old one."""
    os.chdir(root)
    checked(libc.syscall(PIVOT_ROOT[os.uname().machine], b".", b"."))
    checked(libc.umount2(b".", MNT_DETACH))
    os.chdir("/")


def records(path):
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return [line.rstrip("\n").split(":") for line in file if line.count(":") >= 3]
    except FileNotFoundError:
        return []


class Account:
    """The user that a container definition's `user` names, by Docker's rules: by a known name, or by any number."""

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
        # The user's further groups in /etc/group count only when `user` names no group.
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
        account.become()
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # Python ignores them, and exec would pass that on.
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
