#!/bin/sh
# The first process in a container's own PID, mount, IPC and UTS namespace. It lays out the root file system with this
# machine's programs only, then runs become.py, which becomes the container's command.
# Arguments: NAME=value ..., --, the command. From the environment:
#   BOX_HOSTNAME BOX_IP
#   BOX_ROOT     directory of the image's root file system; that of this machine when empty
#   BOX_LAYER    directory whose files are copied over it, may be empty
#   BOX_KEEP     paths of the host that must be there, one a line
#   BOX_INIT     init of the host that is to be there as /dev/init, may be empty
#   BOX_PYTHON   the interpreter, BOX_BECOME  the program that it runs at last
#   BOX_WORKDIR BOX_USER BOX_COMMAND  are for that program
# Writes to descriptor 3: "pid N" (as the host sees it), then "ready", or "fail ..." for a fault of this machine, or
# "refuse ..." when the command itself can't be started.
set -eu

say() { printf '%s\n' "$*" >&3; }
step() { why=$("$@" 2>&1) || { say "fail $*: $why"; exit 125; }; }

# Still the host's /proc, so this is the host's number of this very process.
read -r pid _ </proc/self/stat
say "pid $pid"

# In this mount namespace only. Nothing here needs the host's /run.
step mount -t tmpfs -o mode=755 tmpfs /run
root=/run/root
mkdir $root

# copy_of DIRECTORY NAME TARGET OPTIONS: a writable view of a directory
copy_of() {
  mkdir -p "/run/upper/$2" "/run/scratch/$2"
  mount -t overlay -o "lowerdir=$1,upperdir=/run/upper/$2,workdir=/run/scratch/$2$4" overlay "$3"
}

if [ -n "$BOX_ROOT" ]; then
  # A relative path, since the option can't escape a comma or a colon.
  cd "$BOX_ROOT"
  copy_of . all $root "" 2>/dev/null || step copy_of . all $root ,userxattr
  cd /
elif ! copy_of / all $root "" 2>/dev/null; then
  # Without root, no overlay may cover a directory that has a mount below it. So each top directory gets its own overlay, or
  # is shown as it is. Files of the host's root can't be written to there.
  step mount -t tmpfs -o mode=755 tmpfs $root
  for path in /*; do
    case $path in
      /proc | /sys | /dev | /tmp | /run | /root | /home) continue ;;
    esac
    if [ -L "$path" ]; then
      step cp -P "$path" "$root$path"
    elif [ -d "$path" ]; then
      step mkdir "$root$path"
      copy_of "$path" "$path" "$root$path" ,userxattr 2>/dev/null || step mount --rbind "$path" "$root$path"
    fi
  done
fi

# A copy, since no overlay may have a directory and its parent as its layers.
[ -z "$BOX_LAYER" ] || step cp -R "$BOX_LAYER/." $root
step mkdir -p $root/proc $root/sys $root/dev $root/tmp $root/run $root/root $root/home $root/etc
step mount -t proc proc $root/proc
step mount --rbind /sys $root/sys
step mount -t tmpfs -o mode=755 tmpfs $root/dev
mkdir $root/dev/pts $root/dev/shm
for node in null zero full random urandom tty; do
  : >"$root/dev/$node"
  step mount --bind "/dev/$node" "$root/dev/$node"
done
step mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts $root/dev/pts
ln -s pts/ptmx $root/dev/ptmx
ln -s /proc/self/fd $root/dev/fd
ln -s /proc/self/fd/0 $root/dev/stdin
ln -s /proc/self/fd/1 $root/dev/stdout
ln -s /proc/self/fd/2 $root/dev/stderr
step mount -t tmpfs -o mode=1777 tmpfs $root/dev/shm
step mount -t tmpfs -o mode=1777 tmpfs $root/tmp
step mount -t tmpfs -o mode=755 tmpfs $root/run
if [ -z "$BOX_ROOT" ]; then
  # The homes of this machine may hold credentials; an image's homes are empty. So are the directories of programs' data.
  step mount -t tmpfs -o mode=711 tmpfs $root/root
  step mount -t tmpfs -o mode=755 tmpfs $root/home
  [ ! -d $root/var/lib ] || step mount -t tmpfs -o mode=755 tmpfs $root/var/lib
  [ ! -d $root/var/tmp ] || step mount -t tmpfs -o mode=1777 tmpfs $root/var/tmp
fi
if [ -n "$BOX_INIT" ]; then
  step cp "$BOX_INIT" $root/dev/init
fi

# An overlay shows one file system only, and the homes were just hidden.
printf '%s\n' "$BOX_KEEP" | while IFS= read -r path; do
  [ -r "$path" ] && [ ! -e "$root$path" ] || continue
  step mkdir -p "$root$path"
  mount --bind -o ro "$path" "$root$path" 2>/dev/null || step mount --bind "$path" "$root$path"
done

(printf "%s\n" "$BOX_HOSTNAME" >/proc/sys/kernel/hostname) 2>/dev/null || step hostname "$BOX_HOSTNAME"
printf '%s\n' "$BOX_HOSTNAME" >/run/hostname
printf '127.0.0.1 localhost\n%s %s\n' "$BOX_IP" "$BOX_HOSTNAME" >/run/hosts
for file in hostname hosts; do
  [ -e "$root/etc/$file" ] || : >"$root/etc/$file"
  step mount --bind "/run/$file" "$root/etc/$file"
done

exec "$BOX_PYTHON" -I -S -X utf8 "$BOX_BECOME" $root "$@"
