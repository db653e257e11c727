# --- Programs of the image that it need not have.
#
# Part of the loader, and of the job.

fx_optional='python3 setsid env awk aws curl wget gzip base64'

# fx_tool NAME: finds the first program of this name in PATH that no other user can replace: its path is in fx_file, which is
# empty where there is none. One that was passed over is in fx_bad. A part of the shell has its name for a path.
fx_tool() {
  fx_wanted=$1 fx_bad=''
  IFS=:
  # shellcheck disable=SC2086 # it is to be split into entries
  set -- $PATH
  unset IFS
  for fx_file in "$@"; do
    fx_file=$fx_file/$fx_wanted
    [ -f "$fx_file" ] && [ -x "$fx_file" ] || continue
    ! fx_safe "$fx_file" || return 0
    fx_bad=${fx_bad:-$fx_file}
  done
  fx_file=''
  [ "$fx_bad" ] || fx_file=$(command -v "$fx_wanted")
  [ "$fx_file" ]
}

# Prints which programs were passed over, each with a blank before it. As a rule none is, which one call tells for the first
# of each name.
fx_list_bad() {
  set --
  for fx_each in $fx_optional; do
    IFS=:
    for fx_file in $PATH; do
      fx_file=$fx_file/$fx_each
      [ -f "$fx_file" ] && [ -x "$fx_file" ] || continue
      set -- "$@" "$fx_file"
      break
    done
    unset IFS
  done
  [ $# = 0 ] || fx_safe "$@" || for fx_each in $fx_optional; do
    fx_tool "$fx_each"
    printf %s "${fx_bad:+ $fx_bad}"
  done
}
