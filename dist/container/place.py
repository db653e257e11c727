"""Places the files of an archive:

    place.py UID GID DIRECTORY DESTINATION... <archive

In the archive each name begins with the number of a destination, and a directory of that name is the destination itself. Destinations are relative to DIRECTORY, and DIRECTORY to the directory that
this program starts in. What is made belongs to UID and GID; -1 leaves them as they are. A directory that is there already stays as it is.

Each directory is opened by its name in the one above it (way.py), and stays open for what it is to hold. A file gets its name when it
is whole. Another user of the container may also exchange a new directory with one of root's, so only a directory that is surely new gets an
owner, a mode and a time.
"""

import os
import shutil
import stat
import sys

try:
    import tarfile
except ImportError:
    sys.exit(3)

NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def temporary_name():
    return b".fargate-exec-" + os.urandom(8).hex().encode()


def make_here(at, name, mode=0o700):
    os.mkdir(name, mode, dir_fd=at)
    return os.open(name, OPEN, dir_fd=at)


def is_ours(fd):
    return os.fstat(fd).st_uid == os.geteuid()


def identity(fd):
    about = os.fstat(fd)
    return about.st_dev, about.st_ino


def is_private(fd):
    return is_ours(fd) and not os.fstat(fd).st_mode & 0o077


def make_directory(at, name, mode):
    """Makes a directory and opens it. Returns the descriptor, and whether it is surely the new directory, which then has mode 700.

    Where another user can exchange names, the directory is made in a private one, and then moved. The private one may have been
    exchanged, too, but whatever it is, only its owner can exchange what is made in it. On a file system that gives away what
    we make (an access point of EFS) nothing is private: there the directory gets its mode at once.
    """
    if keeps_ours(at):
        return make_here(at, name), True
    temporary = temporary_name()
    private = make_here(at, temporary)
    try:
        if not is_private(private):
            new = make_here(at, name, mode | 0o700)
            if is_ours(new):
                raise Refused("another user of the container exchanges directories meanwhile")
            return new, False
        new = make_here(private, temporary)
        try:
            os.rename(temporary, name, src_dir_fd=private, dst_dir_fd=at)
        except OSError:
            os.close(new)
            os.rmdir(temporary, dir_fd=private)
            raise
        return new, True
    finally:
        os.close(private)
        try:
            os.rmdir(temporary, dir_fd=at)
        except OSError:
            pass


def open_or_make(at, name, mode):
    """Opens a directory, and makes it where it is missing. Returns what make_directory() does."""
    try:
        return open_directory(at, name), False
    except FileNotFoundError:
        pass
    try:
        return make_directory(at, name, mode)
    except OSError as error:
        # Another task that shares the file system may have made it meanwhile.
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
        return open_directory(at, name), False


class Placing:
    def __init__(self, uid, gid, base, destinations):
        self.uid, self.gid = uid, gid
        self.base, self.destinations = base, destinations
        # The directories that were made on the way to a destination: another destination may be one of them.
        self.made = set()
        # The open directories, from a destination downwards: the name, the descriptor, and the member for which it was made, else None.
        self.open = []

    def own(self, fd):
        """Gives what we have made to UID and GID, unless the file system has given it to another user."""
        if is_ours(fd):
            os.fchown(fd, self.uid, self.gid)

    def open_or_make(self, at, name):
        """A directory on the way to what is placed."""
        below, is_new = open_or_make(at, name, 0o755)
        if is_new:
            os.fchmod(below, 0o755)
            self.own(below)
            self.made.add(identity(below))
        return below

    def open_destination(self, number, member):
        destination, start = self.destinations[int(number)], os.open(b".", OPEN)
        if not destination.startswith(b"/"):
            start = enter(start, self.base, self.open_or_make)
        fd = enter(start, destination, self.open_or_make)
        if identity(fd) not in self.made:
            member = None
        if member:
            # A descriptor of the way (O_PATH) takes no mode. Until the directory has its own, no other user enters it.
            way, fd = fd, os.open(b".", OPEN, dir_fd=fd)
            os.close(way)
            os.fchmod(fd, 0o700)
        self.open.append((number, fd, member))

    def close_to(self, names):
        """Closes the open directories that are not on the way to these names."""
        while [name for name, _, _ in self.open] != names[: len(self.open)]:
            self.close_last()

    def close_last(self):
        """What is placed in a directory changes its time, so its mode and time are set last."""
        _, fd, member = self.open.pop()
        if member:
            self.finish(fd, member)
        os.close(fd)

    def finish(self, fd, member):
        self.own(fd)
        os.fchmod(fd, member.mode & 0o777)
        os.utime(fd, (member.mtime, member.mtime))

    def place(self, archive, member, names):
        self.close_to(names[:-1])
        if not self.open:
            is_destination = len(names) == 1 and member.isdir()
            self.open_destination(names[0], member if is_destination else None)
            if is_destination:
                return
        if len(self.open) != len(names) - 1 or any(name in (b"", b".", b"..") for name in names):
            raise Refused("the archive is not in order")
        at, name = self.open[-1][1], names[-1]
        if member.isdir():
            self.place_directory(at, name, member)
        else:
            self.place_file(at, name, archive, member)

    def place_directory(self, at, name, member):
        try:
            fd, is_new = open_or_make(at, name, member.mode & 0o777)
        except OSError as error:
            if error.errno not in NO_DIRECTORY:
                raise
            raise Refused("is a link or a file of the container, and a directory is to be there")
        self.open.append((name, fd, member if is_new else None))

    def place_file(self, at, name, archive, member):
        temporary = temporary_name()
        try:
            if member.issym():
                self.make_link(at, temporary, member)
            elif member.isreg():
                with open(os.open(temporary, NEW, 0o600, dir_fd=at), "wb") as file:
                    shutil.copyfileobj(archive.extractfile(member), file, 1 << 20)
                    file.flush()
                    self.finish(file.fileno(), member)
            else:
                raise Refused("the archive holds more than files, directories and links")
            os.rename(temporary, name, src_dir_fd=at, dst_dir_fd=at)
        except BaseException:
            try:
                os.unlink(temporary, dir_fd=at)
            except OSError:
                pass
            raise

    def make_link(self, at, name, member):
        os.symlink(encoded(member.linkname), name, dir_fd=at)
        fd = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
        try:
            about = os.fstat(fd)
            # This path is the link itself, whatever its name in the directory is by now.
            itself = "/proc/self/fd/%d" % fd
            if stat.S_ISLNK(about.st_mode) and about.st_uid == os.geteuid():
                os.chown(itself, self.uid, self.gid)
                os.utime(itself, (member.mtime, member.mtime))
        finally:
            os.close(fd)

    def run(self, archive):
        directories = set()
        for member in archive:
            names = encoded(member.name).split(b"/")
            if member.isdir():
                # The archive has each directory again at its end, for a tar that sets a directory's time at once.
                if member.name in directories:
                    continue
                directories.add(member.name)
            try:
                self.place(archive, member, names)
            except (OSError, Refused) as error:
                where = shown(self.base, self.destinations[int(names[0])], *names[1:])
                raise Refused("%s: %s" % (where, os.strerror(error.errno) if isinstance(error, OSError) else error))
        self.close_to([])


def encoded(text):
    return text.encode("utf-8", "surrogateescape")


uid, gid = map(int, sys.argv[1:3])
base, *destinations = map(os.fsencode, sys.argv[3:])
# What makes something gives its mode.
os.umask(0)
try:
    placing = Placing(uid, gid, base, destinations)
    # Names are bytes for the kernel; an image may have no locale.
    with tarfile.open(fileobj=sys.stdin.buffer, mode="r|", encoding="utf-8", errors="surrogateescape") as archive:
        placing.run(archive)
except (Refused, tarfile.TarError) as problem:
    sys.exit(str(problem))
