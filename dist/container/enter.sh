# --- The working directory of the script, for try.sh and launch.sh.

# fx_enter DIRECTORY: enters it, unless it is empty. False when that fails. A relative name gets `./` in front of it: `cd` takes
# `-` and `-P` for something else, and looks for other names in CDPATH.
fx_enter() {
  case $1 in
    '') ;;
    /*) cd "$1" || return ;;
    *) cd "./$1" || return ;;
  esac
}
