# --- Programs and job directories of ours, told from those that another user of the container has planted.
#
# Part of the bootstrap and of the command that stops a job. Comments and indentation are not sent.

exec 2>/dev/null
# The programs that look at the entries of PATH come from these two.
fx_path=$PATH PATH=/usr/bin:/bin IFS=: fx_tools=
# An image without `id`: ECS Exec runs commands as root (its documentation).
fx_uid=$(id -u || echo 0)

# Whether no other user can remove or replace what fx_dir names: all directories above it belong to root or to us, and others
# may write to them only where they are sticky. For a path without links.
fx_safe() {
  fx_up=$fx_dir
  while [ "$fx_up" ]; do
    fx_up=${fx_up%/*}
    set -- "$@" "$fx_up/."
  done
  ! ls -ldn "$@" | grep -qvE "^d(.{4}-..-|.{8}[tT])[^ ]* +[0-9]+ (0|$fx_uid) "
}

# PATH for our own programs: of the container's entries those that are absolute and that no other user can put a program
# into. The script gets the container's own PATH, fx_path.
for fx_dir in $fx_path; do
  case $fx_dir in /*) fx_dir=$(cd -P "$fx_dir" && pwd)/ && [ ! -k "$fx_dir" ] && fx_safe && fx_tools=$fx_tools:$fx_dir ;; esac
done
unset IFS
PATH=${fx_tools:-:$PATH}
PATH=${PATH#:}

# Whether fx_dir is a directory that only we can have made and that no other user can write to. One call of `ls` looks at
# the path itself: it follows no link, and nothing can change between two looks.
fx_ours() { ls -ldn "$fx_dir" | grep -qE "^drwx--.--.[^ ]* +[0-9]+ $fx_uid " && fx_safe; }

# fx_find PREDICATE: sets fx_dir to the job directory in the first of fx_places for which the predicate is true. False, and
# /dev/null, where there is none.
fx_find() {
  for fx_place in $fx_places; do
    # Without links: another user may be able to change a link on the way.
    fx_dir=$(cd -P "$fx_place" && pwd)/fargate-exec-$fx_id && "$1" && return
  done
  fx_dir=/dev/null
  false
}
