"""The root file system of a container: a view of this machine or of an image's directory, laid out by mounts in this process's mount namespace."""

import ctypes
import os
import stat

MS_RDONLY, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC = 1, 4, 32, 4096, 16384
# Options in /proc/self/mountinfo that a remount must repeat: without root, none of them may be taken away.
KEPT = {"nosuid": 2, "nodev": MS_NODEV, "noexec": 8, "noatime": 1024, "nodiratime": 2048, "relatime": 1 << 21}
# The directories of this machine that no container sees: they hold homes, devices and the data of programs.
HIDDEN = ("root", "home", "tmp", "run", "dev", "proc", "sys", "var/lib", "var/tmp")
# A container run as root is the machine's root to the kernel, which lets that user write to these (as Docker's "readonlyPaths").
READ_ONLY = ("sys", "bus", "fs", "irq", "sysrq-trigger", "asound")
# What these show is the machine's (as Docker's "maskedPaths").
MASKED = ("acpi", "kcore", "keys", "latency_stats", "timer_list", "sched_debug", "scsi")
ROOT = "/run/root"
libc = ctypes.CDLL(None, use_errno=True)


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
        plain, *escaped = fields[4].split("\\")
        path = plain + "".join(chr(int(part[:3], 8)) + part[3:] for part in escaped)
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
