"""What a container's user and command mean in its root file system, which this process has entered. The words of a refusal are the container runtime's."""

import os


class Refused(Exception):
    """The command cannot be started."""


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
