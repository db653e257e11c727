# --- Runs a program of the image without variables that could steer it.
#
# Part of the loader, and of the job.

# fx_apart COMMAND...: runs it in /, with the job directory as HOME. Removes the container's variables that name a missing file or
# directory, or one that another user can replace: such a file may name programs to run and files to write. PATH stays, and so do the
# names that stand for no file: *_URI*, *_URL*, *_KEY, *_TOKEN and the proxies. A value without a slash stays, too, because the command
# runs in /, where no other user can put a file. Call it in a subshell, because it unsets variables that the script must keep.
# shellcheck disable=SC2002 # a redirection would not do
fx_apart() {
  export HOME="$fx_dir"
  cd /
  # `tr </proc/self/environ` prints nothing: the shell opens the file before exec, which replaces that memory.
  fx_variables=$(cat /proc/self/environ | tr '\0' '\n' | LC_ALL=C sed -nE 's,^([A-Za-z_][A-Za-z0-9_]*)=.*/.*,\1,p')
  for fx_each in $fx_variables; do
    case $fx_each in
      fx_* | PATH | HOME | *_URI* | *_URL* | *_KEY | *_TOKEN | *_[Pp][Rr][Oo][Xx][Yy]) ;;
      *) eval 'fx_are_safe "$'"$fx_each"'"' || unset "$fx_each" ;;
    esac
  done
  "$@"
}

# fx_are_safe PATHS: whether no other user can replace any of these paths, which colons separate.
fx_are_safe() {
  IFS=:
  set -f
  # shellcheck disable=SC2086 # it is to be split into paths
  set -- $1
  set +f
  unset IFS
  fx_safe "$@"
}
