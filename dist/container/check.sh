# --- The check before anything starts: whether the script can be run as the inputs say. A script that never ran has not
# failed.
#
# A flaw is `CODE: words`, where CODE is user, directory, shell, variable or tool (stream/marks.ts).

# Sets fx_flaw, empty where nothing is wrong, and what the workers need to know of the user (user.sh).
fx_check() {
  fx_flaw=
  # shellcheck disable=SC2086 # it is to be split into words
  if fx_find_kept $fx_names $fx_secret_names; then
    fx_flaw="variable: the image's /bin/sh keeps the variable $fx_kept to itself"
  elif [ "$fx_user" ] && ! fx_find_user; then
    fx_flaw="user: the image has no user '$fx_user'"
  elif [ "$fx_user" ] && ! fx_find_way; then
    fx_flaw='tool: nothing in the image can run a command as another user (setpriv, python3, su-exec, gosu, su)'
  elif ! (fx_enter_directory) 2>/dev/null; then
    fx_flaw="directory: '$fx_workdir' is no directory of the container, or may not be entered"
  elif fx_find_refused; then
    fx_flaw="variable: the image's /bin/sh refuses the value of the variable $fx_refused, or changes it"
  else
    fx_search=$(fx_print_path 2>/dev/null)
    fx_search=${fx_search%.}
    fx_flaw=$(fx_check_command)
  fi
}

# Prints the PATH that the script is to have, and a dot after it.
fx_print_path() {
  fx_take_variables fx_export
  printf %s. "$PATH"
}

# Finds the first variable that this shell can't set to its value, in fx_refused. Some variables of a shell take numbers
# only: dash ends at another value of OPTIND, and bash sets 0. False where there is none.
fx_find_refused() {
  fx_lister=$(command -v env)
  fx_refused=$(
    fx_take_variables fx_try_variable
    echo .
  )
  fx_refused=${fx_refused##*
}
  [ "$fx_refused" != . ]
} 2>/dev/null

# fx_try_variable NAME VALUE: prints the name, sets the variable, and ends the shell where a child gets another value.
fx_try_variable() {
  echo "$1"
  export "$1=$2"
  eval "[ \"\$$1\" = \"\$2\" ]" && return
  fx_got=$("$fx_lister")
  fx_has "$1=$2" || exit
}

# fx_has NAME=VALUE: whether the environment in fx_got has it.
fx_has() {
  case "
$fx_got
" in
    *"
$1
"*) ;;
    *) return 1 ;;
  esac
}

# fx_find_kept NAME…: finds the first variable that this shell keeps for itself, such as UID in bash, in fx_kept. A script
# would not get its value. False where there is none.
fx_find_kept() {
  [ $# -gt 0 ] && ! fx_are_free "$@" || return
  for fx_kept in "$@"; do fx_are_free "$fx_kept" || return 0; done
  false
}

# fx_are_free NAME…: whether a child gets these variables as they are set, and has our user. zsh changes its user where UID
# is set.
fx_are_free() {
  fx_got=$(
    fx_env_=$(command -v env) fx_id_=$(command -v id)
    for fx_each in "$@"; do export "$fx_each=7"; done
    "$fx_env_"
    "$fx_id_"
  ) 2>/dev/null
  for fx_each in "$@"; do fx_has "$fx_each=7" || return; done
  case $fx_got in *"$(id)") ;; *) return 1 ;; esac
}

# Prints the flaw of the program that is to run the script, in the script's working directory. To be called in a subshell.
fx_check_command() {
  fx_enter_directory 2>/dev/null || exit 0
  set -f
  fx_command fx_check_program || exit 0
  [ "$fx_user" ] || exit 0
  fx_lend "$fx_dir/script"
  # Without links: the user may not be allowed to follow those that root is.
  fx_entered=
  [ -z "$fx_workdir" ] || fx_entered=$(pwd -P)
  fx_said=$(fx_try_as_user 2>&1) && exit 0
  case $fx_said in
    *unreadable) echo "tool: user '$fx_user' can't reach $fx_dir" ;;
    *unenterable) echo "directory: user '$fx_user' may not enter '$fx_workdir'" ;;
    *unexecutable) echo "shell: user '$fx_user' may not execute '$fx_file'" ;;
    *) echo "tool: $fx_way can't become user '$fx_user': $(printf %s "$fx_said" | tail -n 1)" ;;
  esac
}

# shellcheck disable=SC2016 # the inner shell expands it
fx_try_as_user() {
  fx_become fx_exec /bin/sh -c '
    [ -r "$1" ] || { echo unreadable; exit 1; }
    [ -z "$3" ] || cd "$3" 2>/dev/null || { echo unenterable; exit 1; }
    [ -x "$2" ] || { echo unexecutable; exit 1; }' sh "$fx_dir/script" "$fx_file" "$fx_entered"
}

# fx_check_program PROGRAM [WORD…]: whether the program can be executed, and so can its interpreter. Its file is in fx_file.
# Prints the flaw and is false where not.
fx_check_program() {
  fx_program=$1
  if ! fx_find_file "$fx_program"; then
    case $fx_program in
      */*) fx_where='is not in the image, or may not be executed' ;;
      *) fx_where="is not in PATH ($fx_search)" ;;
    esac
    echo "shell: '$fx_program' $fx_where"
    return 1
  fi
  fx_found=$fx_file
  # shellcheck disable=SC2046 # it is to be split into words
  fx_check_interpreter "$fx_found" $(head -c 256 "$fx_found" | head -n 1 | tr -d '\000') || return
  fx_file=$fx_found
  [ "${fx_program##*/}" = env ] || return 0
  while shift; do
    case ${1-} in
      # With these words env alone knows which program it finds, so no more can be said.
      '' | *[\\\"\'\$]* | -S?* | -[uC]* | --unset* | --chdir* | --split*) return 0 ;;
      PATH=*) fx_search=${1#*=} ;;
      -* | *=*) ;;
      *) break ;;
    esac
  done
  fx_check_program "$@"
}

# fx_check_interpreter FILE [WORD…]: whether the image has the interpreter of the file, or the loader that its ELF header
# names. The words are those of its first line.
fx_check_interpreter() {
  fx_of=$1
  case ${2-} in
    '#!')
      shift 2
      ;;
    '#!'*)
      fx_first=${2#??}
      shift 2
      set -- "$fx_first" "$@"
      ;;
    *ELF*)
      fx_loader=$(head -c 4096 "$fx_of" | LC_ALL=C tr -c '[:print:]' '\n' | grep '^/.*/ld[^/]*$' | head -n 1)
      set -- ${fx_loader:+"$fx_loader"}
      ;;
    *) return 0 ;;
  esac
  [ $# -gt 0 ] && ! (fx_check_program "$@" >/dev/null) || return 0
  echo "shell: '$fx_of' is run by '$*', which is not in the image"
  return 1
}

# fx_find_file PROGRAM: the file that execvp(3) would execute, in fx_file. False where there is none.
fx_find_file() {
  fx_sought=$1 fx_file=$1
  case $fx_sought in */*)
    [ -f "$fx_file" ] && [ -x "$fx_file" ]
    return
    ;;
  esac
  fx_rest=${fx_search:-/usr/bin:/bin}:
  while [ "$fx_rest" ]; do
    fx_file=${fx_rest%%:*} fx_rest=${fx_rest#*:}
    fx_file=${fx_file:-.}/$fx_sought
    [ ! -f "$fx_file" ] || [ ! -x "$fx_file" ] || return 0
  done
  false
}
