# --- Programs of the image that are run apart from its settings.
#
# Part of the loader, and of the job.

# fx_apart COMMAND…: runs it with the job directory as HOME. Removes the container's variables that name a missing file or directory,
# or one that another user can replace: such a file may name programs to run and files to write. A name without a slash stays: the
# command runs in /, where no other user can put a file. Call it in a subshell, because the script keeps its variables.
# shellcheck disable=SC2002 # a redirection would not do
fx_apart() {
  export HOME="$fx_dir"
  cd /
  set -f
  # `tr <FILE` would print nothing: the shell would open the environment of a process that then becomes `tr`.
  fx_listed=$(cat /proc/self/environ | tr '\0' '\n' | LC_ALL=C sed -nE 's,^([A-Za-z_][A-Za-z0-9_]*)=.*/.*,\1,p')
  for fx_each in $fx_listed; do
    case $fx_each in
      fx_* | PATH | HOME | *_URI* | *_URL* | *_KEY | *_TOKEN | *_[Pp][Rr][Oo][Xx][Yy]) ;;
      *) eval 'fx_are_safe "$'"$fx_each"'"' || unset "$fx_each" ;;
    esac
  done
  set +f
  "$@"
}

# fx_are_safe PATHS: whether no other user can replace any of these paths, which colons separate.
fx_are_safe() {
  IFS=:
  # shellcheck disable=SC2086 # it is to be split into paths
  set -- $1
  unset IFS
  fx_safe "$@"
}
