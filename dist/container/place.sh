# Places files that tar has unpacked into a directory of the job, when the image has no python3. /bin/sh -c runs it behind safe.sh,
# with the arguments
#
#     UID OWNER STAGE DIRECTORY DESTINATION...
#
# The stage has a directory for each destination, by its number, with the mode and the time that a new one gets. OWNER, as chown takes
# it, gets destinations and directories on the way that are made. With an empty OWNER they stay with UID, the user that runs this. A
# shell names files by paths. So nothing is placed where a user other than root and UID could put a link in the place of a directory. All
# destinations are looked at first. So when this prints why one can't be placed, all stays as it was, unless a disk is full or somebody else
# changes the directories meanwhile.
exec 2>/dev/null
fx_lf='
'
fx_uid=$1 fx_owner=$2 fx_stage=$3 fx_base=${4:-.}
fx_base=${fx_base%/}
shift 4

fx_refuse() {
  echo "$1"
  exit 1
}
fx_is_directory() { [ -d "$1" ] && [ ! -L "$1" ]; }

# fx_mode_of PATH: its mode, as chmod takes it. The name may have line ends.
fx_mode_of() {
  # shellcheck disable=SC2012 # only the mode is read
  ls -ld "$1" | sed 's/^.\(...\)\(...\)\(...\).*/u=\1,g=\2,o=\3/; s/-//g; q'
}

# fx_shown_of STAGED: the path at which this will be. fx_paths has a line for each destination: its number and its path.
fx_shown_of() {
  fx_name=${1#"$fx_stage"/}
  case $fx_name in */*) fx_below=/${fx_name#*/} ;; *) fx_below= ;; esac
  fx_paths=${fx_paths#*"$fx_lf${fx_name%%/*}:"}
  printf %s "${fx_paths%%"$fx_lf"*}$fx_below"
}

# fx_each FUNCTION STAGED PLACE: calls the function for each name in the staged directory.
fx_each() {
  [ -r "$2" ] && [ -x "$2" ] || fx_refuse "'$(fx_shown_of "$2")' is a directory that its owner may not read, and the container has one of this name"
  for fx_name in "$2"/* "$2"/.[!.]* "$2"/..?*; do
    if [ -e "$fx_name" ] || [ -L "$fx_name" ]; then ("$1" "$fx_name" "$3/${fx_name##*/}") || exit; fi
  done
}

# fx_check STAGED PLACE: whether this file, link or directory can be placed, with all that it holds.
fx_check() {
  if ! fx_is_directory "$1"; then
    ! fx_is_directory "$2" || fx_refuse "'$2' is a directory of the container, and a file is to be there"
  elif [ -e "$2" ] || [ -L "$2" ]; then
    fx_is_directory "$2" || fx_refuse "'$2' is a link or a file of the container, and a directory is to be there"
    [ ! -k "$2" ] && fx_safe "$2" || fx_refuse "the image has no python3, and without it nothing is placed in '$2', where another user could plant a link"
    [ -w "$2" ] || fx_refuse "'$2': Permission denied"
    fx_each fx_check "$1" "$2"
  fi
}

# fx_open STAGED PLACE: lets us read and change this directory and those in it. Without that only a user whom modes don't bind can move a
# directory (rename(2), EACCES) or what it holds. Prints where each that had another mode will be, and on a line of its own that mode behind
# `//`, which is in no path. The deepest come first.
fx_open() {
  fx_mode=
  [ -r "$1" ] && [ -w "$1" ] && [ -x "$1" ] || { fx_mode=$(fx_mode_of "$1") && chmod u+rwx "$1"; }
  for fx_name in "$1"/*/ "$1"/.[!.]*/ "$1"/..?*/; do
    fx_name=${fx_name%/}
    ! fx_is_directory "$fx_name" || (fx_open "$fx_name" "$2/${fx_name##*/}")
  done
  [ ! "$fx_mode" ] || printf '%s\n//%s\n' "$2" "$fx_mode"
}

# fx_place STAGED PLACE
fx_place() {
  if ! fx_is_directory "$1"; then
    rm -f "$2"
    mv "$1" "$2" || fx_refuse "'$2' can't be written"
  elif fx_is_directory "$2"; then
    [ -w "$1" ] || chmod u+w "$1"
    fx_each fx_place "$1" "$2"
  else
    [ ! "$fx_bound" ] || fx_open "$1" "$2" >>"$fx_stage/modes"
    mv "$1" "$2" || fx_refuse "'$2' can't be written"
  fi
}

# fx_fit STAGED OTHER: whether this file, link or directory can be placed where another destination brings something.
fx_fit() {
  [ -e "$2" ] || [ -L "$2" ] || return 0
  if fx_is_directory "$1" && fx_is_directory "$2"; then
    fx_safe "$2" || fx_refuse "the image has no python3, and without it nothing is placed in '$fx_full', where another line of 'files' brings a directory in which another user could plant a link"
  elif fx_is_directory "$1" || fx_is_directory "$2"; then
    fx_refuse "two lines of 'files' bring a file and a directory of one name to '$fx_full'"
  fi
}

# fx_fit_all STAGED OTHER: the same, with all that it holds.
fx_fit_all() {
  fx_fit "$1" "$2"
  ! fx_is_directory "$1" || fx_each fx_fit_all "$1" "$2"
}

# fx_fit_below NUMBER REST OTHER: the same for the destination of this number. Its path is that of the other one, and then the rest.
fx_fit_below() {
  fx_below=$fx_stage/$3 fx_rest=$2
  while [ "$fx_rest" ]; do
    fx_rest=${fx_rest#/}
    fx_below=$fx_below/${fx_rest%%/*}
    case $fx_rest in */*) fx_rest=/${fx_rest#*/} ;; *) fx_rest= ;; esac
    fx_fit "$fx_stage/$1" "$fx_below"
  done
  fx_each fx_fit_all "$fx_stage/$1" "$fx_below"
}

# Checks that this destination fits to those before it. fx_before has a line for each of them: its number and its path.
fx_check_others() {
  fx_full=$fx_to$fx_missing
  printf %s "$fx_before" | while IFS= read -r fx_other; do
    fx_at=${fx_other%%:*} fx_other=${fx_other#*:}
    case $fx_full/ in "$fx_other/"*) fx_fit_below "$fx_number" "${fx_full#"$fx_other"}" "$fx_at" ;; esac
    case $fx_other/ in "$fx_full"/?*) fx_fit_below "$fx_at" "${fx_other#"$fx_full"}" "$fx_number" ;; esac
  done || exit
  fx_before=$fx_before$fx_number:$fx_full$fx_lf
}

# Sets fx_to to the part of a destination's path that is there, with its links resolved: only root and we can have made those. Sets
# fx_missing to the rest of the path.
fx_find_destination() {
  fx_to=$1 fx_missing=''
  case $fx_to in /*) ;; *) fx_to=$fx_base/$fx_to ;; esac
  case $fx_to in /*) ;; *) fx_to=$(pwd -P)/$fx_to ;; esac
  case $fx_to in *"$fx_lf"*) fx_refuse 'the path of a destination has a line end' ;; esac
  # The destination may be the working directory itself, and that be missing.
  fx_to=${fx_to%/}
  fx_shown=${fx_to:-/}
  until [ -e "${fx_to:-/}" ] || [ -L "$fx_to" ]; do fx_missing=/${fx_to##*/}$fx_missing fx_to=${fx_to%/*}; done
  fx_safe "${fx_to:-/}" && [ -d "${fx_to:-/}" ] || fx_refuse "the image has no python3, and without it nothing is placed in '$fx_shown', since another user could plant a link there or on the way"
  fx_to=${fx_on#/}
  fx_to=${fx_to%/}
}

# Makes what is missing of a destination. fx_made has a line for each directory that was made, the deepest first.
fx_make() {
  fx_find_destination "$1"
  while [ "$fx_missing" ]; do
    fx_missing=${fx_missing#/}
    fx_to=$fx_to/${fx_missing%%/*}
    case $fx_missing in */*) fx_missing=/${fx_missing#*/} ;; *) fx_missing= ;; esac
    # No other user enters a destination before it has its mode.
    mkdir "$fx_to" && { [ ! "$fx_missing" ] || chmod 755 "$fx_to"; } || fx_refuse "'$fx_to' can't be made"
    fx_made=$fx_to$fx_lf$fx_made
  done
}

fx_number=0 fx_before='' fx_paths=$fx_lf
for fx_destination in "$@"; do
  fx_find_destination "$fx_destination"
  fx_paths=$fx_paths$fx_number:$fx_shown$fx_lf
  [ "$fx_missing" ] || (fx_check "$fx_stage/$fx_number" "${fx_to:-/}") || exit
  fx_check_others
  fx_number=$((fx_number + 1))
done
# Whether modes bind us. As a rule they don't bind root (CAP_DAC_OVERRIDE).
mkdir -m 500 "$fx_stage/shut"
[ -w "$fx_stage/shut" ] && fx_bound= || fx_bound=1
fx_number=0 fx_made='' fx_arrived=''
for fx_destination in "$@"; do
  fx_make "$fx_destination"
  # Its time changes when what it holds is moved away.
  touch -r "$fx_stage/$fx_number" "$fx_stage/$fx_number.time"
  fx_mode=$(fx_mode_of "$fx_stage/$fx_number")
  chmod u+rwx "$fx_stage/$fx_number"
  (fx_each fx_place "$fx_stage/$fx_number" "$fx_to") || exit
  case $fx_lf$fx_made in *"$fx_lf$fx_to$fx_lf"*) fx_arrived=$fx_arrived$fx_number:$fx_mode:$fx_to$fx_lf ;; esac
  fx_number=$((fx_number + 1))
done
# What was opened may be on the way to another destination, so it gets its mode when all is placed.
fx_opened=
[ ! -e "$fx_stage/modes" ] || while IFS= read -r fx_line; do
  case $fx_line in
    //*)
      chmod "${fx_line#//}" "${fx_opened%"$fx_lf"}"
      fx_opened=
      ;;
    *) fx_opened=$fx_opened$fx_line$fx_lf ;;
  esac
done <"$fx_stage/modes"
# What is placed in a directory changes its time, so its mode and time are set last.
printf %s "$fx_arrived" | while IFS= read -r fx_to; do
  fx_mode=${fx_to#*:}
  touch -r "$fx_stage/${fx_to%%:*}.time" "${fx_mode#*:}"
  chmod "${fx_mode%%:*}" "${fx_mode#*:}"
done
# The owner of a directory could put a link in the place of what is still to be made or given below it. So all directories are given
# at the end, the deepest first.
[ -z "$fx_owner" ] || printf %s "$fx_made" | while IFS= read -r fx_to; do chown -h "$fx_owner" "$fx_to" || :; done
