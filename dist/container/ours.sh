# --- Programs and job directories that no other user of the container can have planted. Part of the bootstrap and of
# the command that stops a job, behind safe.sh. Comments and indentation are not sent.

exec 2>/dev/null
# Owners and modes are read by the `ls` of /usr/bin or /bin: a program can't be trusted to tell its own owner. /- does not exist. fx_uid
# is 0, except in tests.
fx_uid=0 fx_path=$PATH PATH=/- fx_bin=/- fx_bad="" IFS=:
for fx_in in /usr/bin /bin $fx_path; do
  case $fx_in in /*) [ -O "$fx_in/ls" ] && PATH=$PATH:$fx_in ;; esac
done
[ -O / ] || PATH=/usr/bin:/bin fx_uid=$(id -u)

# Sets the PATH for our own programs. It has the absolute entries of the container's PATH, except those into which another user can
# put a program, or in which another user can replace a program that every image needs. When no entry is left it is /usr/bin:/bin.
# The script gets the container's own PATH, fx_path.
for fx_in in $fx_path : /usr/bin /bin; do
  case $fx_in$fx_bin in
    :/-:*) break ;;
    /*)
      fx_safe "$fx_in/" || continue
      # One call looks at all of these programs. Only when it fails, a call for each finds the bad one. The directory is safe, so
      # the links on the way to it need not be read again. An entry that has none of the programs needs no second look.
      set -- "$fx_on"
      for fx_n in cat chmod chown date dd df grep head ls mkdir mkfifo mv rm rmdir sed sleep stty tail tr; do
        [ -e "$1$fx_n" ] && set -- "$@" "$1$fx_n"
      done
      # shellcheck disable=SC2015 # an assignment does not fail
      [ $# = 1 ] || fx_safe "$@" && fx_bin=$fx_bin:$fx_in || for fx_n; do
        fx_safe "$fx_n" || fx_bad=" $fx_in/${fx_n##*/}"
      done
      ;;
  esac
done
unset IFS
set --
PATH=$fx_bin

# Whether fx_dir is a directory that only we can have made and that no other user can write to. `ls` follows no link here.
fx_ours() { [ -O "$fx_dir" ] && ls -ld "$fx_dir" | grep -q ^drwx--.-- && fx_safe "$fx_dir"; }

# fx_find PREDICATE: sets fx_dir to the job directory in the first of fx_dirs for which the predicate is true. When there is
# none, fx_dir is /dev/null, and the result is false.
fx_find() {
  for fx_in in $fx_dirs; do
    fx_dir=$fx_in/fargate-exec-$fx_id && "$1" && return
  done
  ! fx_dir=/dev/null
}
