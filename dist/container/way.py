"""The way to a directory. Another user of the container may own a directory on it, and may plant a link there, or swap a link in at any
moment. So each directory is opened by its name in the one above it, without following a link. A link is followed only where no other
user can have made it.
"""

import errno
import os
import stat

# Needs no right to read the directory. A directory that is opened so can be entered and looked at, but not listed.
WAY = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
TRUSTED = (0, os.geteuid())
MOST_LINKS = 40
NO_DIRECTORY = (errno.ENOTDIR, errno.ELOOP)


class Refused(Exception):
    pass


def shown(*names):
    return "'%s'" % os.fsdecode(b"/".join(name for name in names if name))


def is_closed(fd):
    """Whether no other user can replace what we or root have put into this directory."""
    about = os.fstat(fd)
    return about.st_uid in TRUSTED and (not about.st_mode & 0o022 or bool(about.st_mode & stat.S_ISVTX))


def open_directory(at, name):
    return os.open(name, WAY, dir_fd=at)


def enter(at, path, open_below=open_directory):
    """Opens the directory at the end of a path, and each directory on the way by `open_below`. Closes `at`."""
    links, todo = 0, path.split(b"/")
    if path.startswith(b"/"):
        os.close(at)
        at = os.open(b"/", WAY)
    while todo:
        name = todo.pop(0)
        if name in (b"", b"."):
            continue
        try:
            below = open_below(at, name)
        except OSError as error:
            if error.errno not in NO_DIRECTORY:
                raise
            about = os.stat(name, dir_fd=at, follow_symlinks=False)
            if not stat.S_ISLNK(about.st_mode):
                raise
            links += 1
            if about.st_uid not in TRUSTED or not is_closed(at) or links > MOST_LINKS:
                raise Refused("%s leads through a link that another user of the container can have made" % shown(path))
            target = os.readlink(name, dir_fd=at)
            todo = target.split(b"/") + todo
            below = os.open(b"/" if target.startswith(b"/") else b".", WAY, dir_fd=at)
        os.close(at)
        at = below
    return at
