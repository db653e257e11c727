# --- Programs of the image that are run apart from its settings.
#
# Part of the loader, and of the job.

# fx_apart COMMAND…: runs it with the job directory for its home, and without the container's variables that name a file or
# a directory which is not there, or which another user can replace. Such a file may name programs to run and files to write.
# To be called in a subshell, since the script keeps its variables. Names without a slash are taken from /.
# shellcheck disable=SC2002 # a redirection would not do
fx_apart() {
  export HOME="$fx_dir"
  cd /
  set -f
  # A process that opens this file by a redirection finds nothing in it once it has become `tr`.
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

# fx_are_safe PATHS: whether no other user can replace any of them. A colon separates them.
fx_are_safe() {
  IFS=:
  # shellcheck disable=SC2086 # it is to be split into paths
  set -- $1
  unset IFS
  fx_safe "$@"
}
