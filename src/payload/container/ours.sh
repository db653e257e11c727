# --- What is ours, told from what another user of the container has planted: programs, and the directory of a job.
#
# Part of the bootstrap and of what stops a job. Sent without comments.

exec 2>/dev/null
# What looks at the entries of PATH has to come from somewhere itself.
fx_path=$PATH PATH=/usr/bin:/bin IFS=: fx_tools=
# ECS Exec runs as root, where an image can't tell.
fx_uid=$(id -u || echo 0)

# Whether nobody else can take away or replace what fx_dir is the name of: all directories above it are root's or ours,
# and others may write to them only where they are sticky. Only of a path without links.
fx_safe() {
  fx_up=$fx_dir
  while [ "$fx_up" ]; do
    fx_up=${fx_up%/*}
    set -- "$@" "$fx_up/."
  done
  ! ls -ldn "$@" | grep -qvE "^d(.{4}-..-|.{8}[tT])[^ ]* +[0-9]+ (0|$fx_uid) "
}

# PATH for our own tools: of the container's entries those that are absolute and that nobody else can put a program into.
# The job gets the container's own, fx_path.
for fx_dir in $fx_path; do
  case $fx_dir in /*) fx_dir=$(cd -P "$fx_dir" && pwd)/ && [ ! -k "$fx_dir" ] && fx_safe && fx_tools=$fx_tools:$fx_dir ;; esac
done
unset IFS
PATH=${fx_tools:-:$PATH}
PATH=${PATH#:}

# Whether fx_dir is a directory that only we can have made, and that nobody else can write to. `ls` looks once, and at
# the path itself: nothing can change between two looks, and no link is followed.
fx_ours() { ls -ldn "$fx_dir" | grep -qE "^drwx--.--.[^ ]* +[0-9]+ $fx_uid " && fx_safe; }

# Sets fx_dir to the job directory in the first of fx_places that $1 is true of.
fx_find() {
  for fx_place in $fx_places; do
    # As the kernel has it: a link on the way to it may be another user's to change.
    fx_dir=$(cd -P "$fx_place" && pwd)/fargate-exec-$fx_id && "$1" && return
  done
  fx_dir=/dev/null
  false
}
