"""Enters a container: its namespaces and its root directory, with no more rights than the container's processes have."""

import ctypes
import os
import struct

# The user namespace comes first, since it gives the right to enter the others.
NAMESPACES = {"user": 0x10000000, "cgroup": 0x02000000, "ipc": 0x08000000, "uts": 0x04000000}
NAMESPACES.update({"net": 0x40000000, "pid": 0x20000000, "mnt": 0x00020000})
PR_CAPBSET_DROP = 24
CAPABILITY_VERSION_3 = 0x20080522
libc = ctypes.CDLL(None, use_errno=True)


def enter(pid):
    """Enters the namespaces and the root directory of a process. The next child is in its PID namespace."""
    # Everything is opened first, because afterwards /proc is the container's.
    root = os.open(f"/proc/{pid}/root", os.O_RDONLY | os.O_DIRECTORY)
    foreign = [
        (name, os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY), flag)
        for name, flag in NAMESPACES.items()
        if os.readlink(f"/proc/{pid}/ns/{name}") != os.readlink(f"/proc/self/ns/{name}")
    ]
    for name, fd, flag in foreign:
        if libc.setns(fd, flag) != 0:  # Python has os.setns only from 3.12 on.
            raise OSError(ctypes.get_errno(), f"setns {name}: {os.strerror(ctypes.get_errno())}")
        if name == "user":
            os.setgid(0)
            os.setuid(0)
    os.fchdir(root)
    os.chroot(".")


def missing_capabilities(pid):
    """The capabilities that the container's bounding set lacks. A command run in it as root must not have them either."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status, open("/proc/sys/kernel/cap_last_cap") as last:
        bounding = next(int(line.split()[1], 16) for line in status if line.startswith("CapBnd:"))
        return [number for number in range(int(last.read()) + 1) if not bounding >> number & 1]


def drop(capabilities):
    """Drops capabilities for this process and the program that it becomes."""
    for capability in capabilities:
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = struct.pack("=Ii", CAPABILITY_VERSION_3, 0)
    held = ctypes.create_string_buffer(24)
    if libc.capget(header, held) != 0:
        raise OSError(ctypes.get_errno(), "capget")
    # Effective, permitted and inheritable sets: the lower 32 bits of each, then the upper 32 bits.
    words = list(struct.unpack("=6I", held.raw))
    for capability in capabilities:
        for at in range(3):
            words[at + 3 * (capability // 32)] &= ~(1 << capability % 32)
    if libc.capset(header, struct.pack("=6I", *words)) != 0:
        raise OSError(ctypes.get_errno(), "capset")
