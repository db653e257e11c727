"""What the programs that enter a container share: its namespaces, its root directory, and the rights of its processes."""

import ctypes
import errno
import os
import struct

# The user namespace comes first, since it gives the right to enter the others.
NAMESPACES = {"user": 0x10000000, "cgroup": 0x02000000, "ipc": 0x08000000, "uts": 0x04000000}
NAMESPACES.update({"net": 0x40000000, "pid": 0x20000000, "mnt": 0x00020000})
PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP = 4, 22, 24
SECCOMP_MODE_FILTER = 2
# By machine, its own system calls and those of its 32-bit programs: the architecture (linux/audit.h), and the numbers of clone and unshare.
CALLS = {
    "x86_64": ((0xC000003E, 56, 272), (0x40000003, 120, 310)),
    "aarch64": ((0xC00000B7, 220, 97), (0x40000028, 120, 337)),
}
CLONE3 = 435  # on all architectures
X32 = 0x40000000  # The numbers of x86-64's third set of system calls begin here.
# Instructions of a filter (linux/bpf_common.h), offsets in what it reads (linux/seccomp.h), and its answers.
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
CAPABILITY_VERSION_3 = 0x20080522
libc = ctypes.CDLL(None, use_errno=True)


def close_all_but(*wanted):
    """Closes the descriptors that this process has inherited. The shell that starts the local Fargate may have any file of this machine
    open, and a container's root opens it by /proc/N/fd, whatever the container's own mounts are.
    """
    for number in map(int, os.listdir("/proc/self/fd")):
        if number not in wanted:
            try:
                os.close(number)
            except OSError:
                pass  # It was that of the list.


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


def hide_process():
    """Hides this process's program, directories, descriptors and memory from a container's root, who can see it in /proc.

    They are on this machine's writable mounts. A link such as /proc/N/exe leads to them whatever the container's own mounts are.
    Only CAP_SYS_PTRACE, which no container has, opens them then (ptrace(2), "ptrace access mode checking"). An exec ends this.
    """
    if libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl PR_SET_DUMPABLE")


def refuse_user_namespaces():
    """Refuses new user namespaces to this process and to all that it starts, as the default filters of Docker and containerd do.

    In a user namespace of its own, a container's root could mount this machine's cgroups and freeze or kill what runs in them.
    Docker's filter, too, answers clone3 by ENOSYS, since a filter can't read its flags; the C libraries then use clone.
    """
    program = [(LOAD, 0, 0, ARCHITECTURE)]
    for architecture, clone, unshare in CALLS[os.uname().machine]:
        block = [
            (LOAD, 0, 0, NUMBER),
            (AT_LEAST, 3, 0, X32),
            (EQUAL, 2, 0, CLONE3),
            (EQUAL, 2, 0, clone),
            (EQUAL, 1, 4, unshare),
            (RETURN, 0, 0, ERRNO | errno.ENOSYS),
            (LOAD, 0, 0, FIRST_ARGUMENT),
            (ANY_BIT, 0, 1, NAMESPACES["user"]),
            (RETURN, 0, 0, ERRNO | errno.EPERM),
            (RETURN, 0, 0, ALLOW),
        ]
        program += [(EQUAL, 0, len(block), architecture), *block]
    program.append((RETURN, 0, 0, ERRNO | errno.ENOSYS))
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in program))
    filters = ctypes.create_string_buffer(struct.pack("@HP", len(program), ctypes.addressof(code)))
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filters, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"seccomp filter: {os.strerror(ctypes.get_errno())}")


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
