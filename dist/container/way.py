"""The way to a directory. Another user of the container may own a directory on it, and may plant a link there, or swap a link in at any
moment. So each directory is opened by its name in the one above it, without following a link. A link is followed only where no other
user can have given it its name, nor a directory on the way to it.
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
    """Whether no other user can change a name in this directory."""
    about = os.fstat(fd)
    return about.st_uid in TRUSTED and not about.st_mode & 0o022


def keeps_ours(fd):
    """Whether no other user can replace what we put into this directory. A sticky one may also hold root's links and files that another
    user has moved there, but no directory into which that user may not write (rename(2), EACCES).
    """
    about = os.fstat(fd)
    return is_closed(fd) or (about.st_uid in TRUSTED and bool(about.st_mode & stat.S_ISVTX))


def keeps(at, below):
    """Whether no other user can have given this directory the name that it has in the one above."""
    return is_closed(at) or (keeps_ours(at) and is_closed(below))


def is_kept(fd):
    """Whether no other user can have given this directory a name on its path."""
    fd = os.dup(fd)
    try:
        while True:
            above = os.open(b"..", WAY, dir_fd=fd)
            below, fd = fd, above
            try:
                if os.path.samestat(os.fstat(above), os.fstat(below)):
                    return True
                if not keeps(above, below):
                    return False
            finally:
                os.close(below)
    except PermissionError:
        return False
    finally:
        os.close(fd)


def open_directory(at, name):
    return os.open(name, WAY, dir_fd=at)


def enter(at, path, open_below=open_directory):
    """Opens the directory at the end of a path, and each directory on the way by `open_below`. Closes `at`."""
    links, todo = 0, path.split(b"/")
    if path.startswith(b"/"):
        os.close(at)
        at = os.open(b"/", WAY)
    kept = is_kept(at)
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
            if about.st_uid not in TRUSTED or not (kept and is_closed(at)) or links > MOST_LINKS:
                raise Refused("%s leads through a link that another user of the container can have put there" % shown(path))
            target = os.readlink(name, dir_fd=at)
            todo = target.split(b"/") + todo
            # Where `at` is kept, so is the root directory.
            below = os.open(b"/" if target.startswith(b"/") else b".", WAY, dir_fd=at)
        else:
            # A target of a link may lead upwards, where all is kept that is kept here.
            kept = kept and (name == b".." or keeps(at, below))
        os.close(at)
        at = below
    return at
