# --- What is ours, told from what another user of the container has planted: programs, and the directory of a job.
#
# Part of the bootstrap and of what stops a job. Sent without comments.

# PATH for our own tools: of the container's entries those that are absolute and that nobody else owns. The job gets
# the container's own, fx_path.
fx_path=$PATH fx_rest=$PATH: PATH=
while [ "$fx_rest" ]; do
  fx_one=${fx_rest%%:*} fx_rest=${fx_rest#*:}
  # Who isn't root can't tell root's from another user's, but can tell what is not his own to write.
  # shellcheck disable=SC2015 # the first two, or the third
  case $fx_one in /*) [ -d "$fx_one" ] && [ ! -w "$fx_one" ] || [ -O "$fx_one" ] && PATH=$PATH:$fx_one ;; esac
done
PATH=${PATH:-:/usr/bin:/bin}
PATH=${PATH#:}

# Whether nobody else can take away or replace what stands in fx_place: it and what it stands in are root's or ours,
# and others may write to them only where they are sticky.
fx_safe() {
  ! ls -ldn / "${fx_place%/*}/." "$fx_place/." | grep -qvE "^d(.{4}-..-|.{8}[tT])[^ ]* +[0-9]+ (0|$fx_uid) "
}

# Whether fx_dir is a directory that only we can have made, and that nobody else can write to. `ls` looks once, and at
# the path itself: nothing can change between two looks, and no link is followed.
fx_ours() { ls -ldn "$fx_dir" | grep -qE "^drwx--.--.[^ ]* +[0-9]+ $fx_uid " && fx_safe; }

# Sets fx_dir to the job directory in the first of fx_places that $1 is true of.
fx_find() {
  for fx_place in $fx_places; do
    fx_dir=$fx_place/fargate-exec-$fx_id
    ! "$1" || return 0
  done
  fx_dir=/dev/null
  false
}

exec 2>/dev/null
# ECS Exec runs as root, where an image can't tell.
fx_uid=$(id -u || echo 0)
