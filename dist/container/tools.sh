# --- Programs of the image that it need not have.
#
# Part of the loader, and of the job.

fx_optional='setsid env awk curl wget gzip base64 sha256sum openssl touch python3'
# The paths of those that no other user can replace, as fx_survey has found, each with a colon before it. What the loader has found
# counts for the job, too.
[ "${fx_code-}" ] || fx_sure=''

# Whether no other user can replace the standard library of the python3 in fx_on. In a subshell: fx_on stays as it is.
fx_has_safe_library() (
  set -- "${fx_on%/*/*}"/lib*/python3.*
  [ ! -e "$1" ] || fx_safe "$@"
)

# fx_tool NAME: sets fx_file to the path of the first program of this name in PATH that no other user can replace; empty when there
# is none. The path of a builtin is its name. fx_bad is the first program that was passed over.
fx_tool() {
  fx_wanted=$1 fx_bad=''
  IFS=:
  # shellcheck disable=SC2086 # it is to be split into entries
  set -- $PATH
  unset IFS
  for fx_file in "$@"; do
    fx_file=$fx_file/$fx_wanted
    case $fx_sure: in *":$fx_file:"*) return 0 ;; esac
    [ -f "$fx_file" ] && [ -x "$fx_file" ] || continue
    fx_safe "$fx_file" && { [ "$fx_wanted" != python3 ] || fx_has_safe_library; } && return
    fx_bad=${fx_bad:-$fx_file}
  done
  fx_file=''
  [ "$fx_bad" ] || fx_file=$(command -v "$fx_wanted")
  [ "$fx_file" ]
}

# Looks at the first program of each of these names, as a rule with one call of fx_safe. fx_tool then starts no process for them.
# fx_listed has the programs that were passed over, each with a blank before it.
fx_survey() {
  fx_listed=''
  set --
  for fx_each in $fx_optional; do
    # awk is only run when there is no python3.
    [ "$fx_each" != awk ] || ! command -v python3 >/dev/null || continue
    IFS=:
    for fx_file in $PATH; do
      fx_file=$fx_file/$fx_each
      [ -f "$fx_file" ] && [ -x "$fx_file" ] || continue
      set -- "$@" "$fx_file"
      break
    done
    unset IFS
  done
  # python3 is the last of them, so fx_on is its path without links.
  if [ $# = 0 ] || { fx_safe "$@" && fx_has_safe_library; }; then
    for fx_file in "$@"; do fx_sure=$fx_sure:$fx_file; done
  else
    for fx_each in $fx_optional; do
      fx_tool "$fx_each"
      fx_listed=$fx_listed${fx_bad:+ $fx_bad}
    done
  fi
}
