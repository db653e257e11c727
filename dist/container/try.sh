# Prints the first reason why the script can't be run as the inputs say, or nothing, and then a dot. fx_check (check.sh) runs this by
# /bin/sh -c before anything starts, as the user of the script. On standard input it gets the variables of the inputs, as calls of
# fx_set. It gets the arguments
#
#     PATH DIRECTORY USER FILE WORD...
#
# Such a flaw is `CODE: words`, where CODE is directory, shell, variable or tool (carriers/stream/marks.ts).
exec 2>/dev/null
fx_path=$1 fx_workdir=$2 fx_user=$3 fx_script=$4
shift 4
fx_variables=$(cat)
fx_lister=$(command -v env) fx_asked=$(command -v id)

fx_main() {
  if ! [ -r "$fx_script" ]; then
    echo "tool: user '$fx_user' can't reach ${fx_script%/*}"
  elif ! fx_enter "$fx_workdir"; then
    if [ "$fx_user" ]; then
      echo "directory: user '$fx_user' may not enter '$fx_workdir', or it is no directory of the container"
    else
      echo "directory: '$fx_workdir' is no directory of the container, or may not be entered"
    fi
  elif fx_find_refused; then
    echo "variable: the image's /bin/sh keeps the variable $fx_refused to itself, or refuses its value"
  else
    fx_search=$(
      PATH=$fx_path
      # shellcheck disable=SC2329 # the variables are calls of it
      fx_set() { export "$1=$2"; }
      eval "$fx_variables"
      printf %s. "$PATH"
    )
    fx_search=${fx_search%.}
    set -f
    fx_check_program "$@"
  fi
}

# Sets fx_refused to the first variable whose value a script would not get. False when there is none. bash keeps UID and others to
# itself. Some variables take only numbers: dash ends when OPTIND is no number.
fx_find_refused() {
  fx_self=$("$fx_asked")
  fx_refused=$(
    # shellcheck disable=SC2329 # the variables are calls of it
    fx_set() {
      echo "$1"
      export "$1=$2" || exit
      # Setting UID, GID or USERNAME may change zsh's own user.
      case $1 in *[UG]ID | USERNAME) [ "$("$fx_asked")" = "$fx_self" ] || exit ;; esac
      eval "[ \"\$$1\" = \"\$2\" ]" && return
      fx_got=$("$fx_lister")
      case "
$fx_got
" in
        *"
$1=$2
"*) ;;
        *) exit ;;
      esac
    }
    eval "$fx_variables"
    echo .
  )
  fx_refused=${fx_refused##*
}
  [ "$fx_refused" != . ]
}

# fx_check_program PROGRAM [WORD...]: whether the program and its interpreter can be executed. Sets fx_file to the program's file.
# When they can't, prints the flaw and is false.
fx_check_program() {
  fx_program=$1
  if ! fx_find_file "$fx_program"; then
    case $fx_program in
      */*)
        if [ "$fx_user" ] && [ -f "$fx_program" ]; then
          echo "shell: user '$fx_user' may not execute '$fx_program'"
          return 1
        fi
        fx_where='is not in the image, or may not be executed'
        ;;
      *) fx_where="is not in PATH ($fx_search)" ;;
    esac
    echo "shell: '$fx_program' $fx_where"
    return 1
  fi
  fx_found=$fx_file
  fx_line=$(head -c 256 "$fx_found" | tr -d '\000')
  # shellcheck disable=SC2086 # it is to be split into words
  fx_check_interpreter "$fx_found" ${fx_line%%
*} || return
  fx_file=$fx_found
  [ "${fx_program##*/}" = env ] || return 0
  while shift; do
    case ${1-} in
      # After one of these words only `env` can tell which program it runs, so the check ends.
      '' | *[\\\"\'\$]* | -S?* | -[uC]* | --unset* | --chdir* | --split*) return 0 ;;
      PATH=*) fx_search=${1#*=} ;;
      -* | *=*) ;;
      *) break ;;
    esac
  done
  fx_check_program "$@"
}

# fx_check_interpreter FILE [WORD...]: whether the image has the interpreter of the file, or the loader that its ELF header
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
      set --
      fx_find_loader
      # If the loader exists, nothing more is checked: a loader has none.
      { [ -f "$fx_loader" ] && [ -x "$fx_loader" ]; } || set -- ${fx_loader:+"$fx_loader"}
      ;;
    *) return 0 ;;
  esac
  [ $# -gt 0 ] && ! (fx_check_program "$@" >/dev/null) || return 0
  echo "shell: '$fx_of' is run by '$*', which is not in the image"
  return 1
}

# Sets fx_loader to the loader that the ELF header of the file fx_of names; empty when it names none.
fx_find_loader() {
  for fx_loader in $(head -c 4096 "$fx_of" | LC_ALL=C tr -c '[:print:]' '\n'); do
    case $fx_loader in /*/*) case ${fx_loader##*/} in ld*) return ;; esac ;; esac
  done
  fx_loader=
}

# fx_find_file PROGRAM: sets fx_file to the file that execvp(3) would execute. False when there is none.
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

fx_main "$@"
echo .
