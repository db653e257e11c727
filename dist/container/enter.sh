# --- The working directory of the script, for try.sh and launch.sh.

# fx_enter DIRECTORY: enters it, unless it is empty. False when that fails. For cd, `-` and `-P` are no directories, and CDPATH
# may name another one.
fx_enter() {
  case $1 in
    '') ;;
    /*) cd "$1" || return ;;
    *) cd "./$1" || return ;;
  esac
}
