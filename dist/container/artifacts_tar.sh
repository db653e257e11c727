# Packs artifacts when the image has no python3, and prints the lines that artifacts.py describes. /bin/sh -c runs it behind safe.sh and
# enter.sh, as the script's user, with the arguments
#
#     UID FIND SORT STAT TAR GZIP BASE64 AWK LINE DIRECTORY COUNT BYTES [+|- BASE DEPTH REGEX]...
#
# Lists have a name a line, so a name with a line end in it is not packed. tar opens files by their paths. So it gets only paths of
# which no user but root and UID, the user that runs this, can exchange a name.
fx_uid=$1 fx_find_program=$2 fx_sort=$3 fx_stat=$4 fx_tar=$5 fx_gzip=$6 fx_base64=$7
shift 7
fx_awk=$1 fx_line=$2 fx_directory=$3 fx_count=$4 fx_bytes=$5
shift 5
case $fx_directory in /*) ;; *) cd -P /proc/self/fd/7 || exit ;; esac
fx_given=$fx_directory fx_exchanged=''
case $fx_given in /* | '') ;; *) fx_given=$(pwd -P)/$fx_given ;; esac
fx_enter "$fx_directory" || {
  echo "funread \"\" its directory can't be entered"
  exit
}
exec 7<&-
# A link on the way to the directory may belong to another user, and may lead anywhere.
[ -z "$fx_given" ] || fx_safe "$fx_given" || fx_exchanged=1
export LC_ALL=C
# The image may set these, and tar and gzip would obey them.
unset TAR_OPTIONS GZIP
fx_nl='
'
set -f
fx_here=$(pwd -P)
fx_here=${fx_here%/}

# fx_list_tree NUMBER BASE: prints `NUMBER BYTES MODE UID PATH` for the base and for all below it, and `NUMBER ! ` for each name with a
# line end in it. Before that it prints the same for each directory above the base, with `^` as the number. It follows no link.
fx_list_tree() {
  case $2 in /*) fx_start=$2 ;; '') fx_start=. ;; *) fx_start=./$2 ;; esac
  fx_way=$fx_start
  while case ${fx_way%/*} in '' | . | "$fx_way") false ;; esac; do
    fx_way=${fx_way%/*}
    [ ! -L "$fx_way" ] || return 0
  done
  [ -e "$fx_start" ] || [ -L "$fx_start" ] || return 0
  fx_list_above "$fx_start"
  fx_top=${fx_start%/}
  [ "$fx_start" != . ] || [ "$(pwd -P)" != / ] || fx_top=.
  "$fx_find_program" "$fx_start" \( -path "$fx_top/proc" -o -path "$fx_top/sys" -o -path "$fx_top/dev" \) -prune -o \
    -name "*$fx_nl*" -prune -exec "$fx_stat" -c "$1 ! " {} ';' -o -exec "$fx_stat" -c "$1 %s %A %u %n" {} +
}

# fx_list_above START: prints these lines for the directories above START.
fx_list_above() (
  case $1 in /*) fx_up=$1 ;; .) fx_up=$fx_here ;; *) fx_up=$fx_here/${1#./} ;; esac
  set --
  while [ "$fx_up" ]; do
    fx_up=${fx_up%/*}
    set -- "${fx_up:-/}" "$@"
  done
  [ $# = 0 ] || "$fx_stat" -c '^ %s %A %u %n' "$@"
)

fx_find_all() {
  fx_number=0
  while [ $# -gt 0 ]; do
    [ "$1" = - ] || fx_list_tree "$fx_number" "$2"
    fx_number=$((fx_number + 1))
    shift 4
  done
}

fx_list_globs() {
  while [ $# -gt 0 ]; do
    printf '%s\t%s\t%s\n' "$1" "$2" "$4"
    shift 4
  done
}

# Finds the matches in what fx_list_tree prints, by match.awk. The assignment of fx_match_awk stands before this text.
fx_match() {
  FX_GLOBS=$(fx_list_globs "$@") FX_HERE=$fx_here FX_UID=$fx_uid FX_EXCHANGED=$fx_exchanged FX_COUNT=$fx_count "$fx_awk" "$fx_match_awk"
}

# Prints those of these lines that are within the limits, as Selection.within of selection.py does. Directories come before files. `fwhole` comes
# last, if it has come: no program before has failed.
fx_limit() {
  FX_COUNT=$fx_count FX_BYTES=$fx_bytes "$fx_awk" '
    function path(line) { return substr(line, index(line, "\t") + 1) }
    function fill(name) {
      while (match(name, "/[^/]*$") && !((name = substr(name, 1, RSTART - 1)) in filled)) filled[name] = 1
    }
    function miss(line,  name) {
      name = path(line)
      gsub(/[^] !#-[^-~]/, "?", name)
      sub("^/", "", name)
      if (++over <= 3) names = names " \"" substr(name, 1, 200) "\""
    }
    BEGIN { left = ENVIRON["FX_BYTES"] + 0; most = ENVIRON["FX_COUNT"] + 0 }
    $0 == "fwhole" { whole = $0; next }
    /^f/ { print; next }
    $1 < 0 { directories[++found] = $0; next }
    {
      left -= $1
      if (kept < most && left >= 0) files[++kept] = $0
      else { miss($0); lost += $1 }
    }
    END {
      room = found < most - kept ? found : most - kept
      for (i = 1; i <= kept; i++) fill(path(files[i]))
      for (i = 1; i <= room; i++) fill(path(directories[i]))
      for (i = room + 1; i <= found; i++) if (!(path(directories[i]) in filled)) miss(directories[i])
      if (over) printf "fover %d %.0f%s\n", over, lost, names
      for (i = 1; i <= room; i++) print directories[i]
      for (i = 1; i <= kept; i++) print files[i]
      if (whole) print whole
    }
  '
}

fx_lines=$(fx_find_all "$@" | fx_match "$@" | "$fx_sort" -t '	' -k 1,1n -k 2 | fx_limit)
printf '%s\n' "$fx_lines" | "$fx_awk" -F '\t' '
  $0 == "fwhole" { next }
  /^f/ { print; next }
  $1 >= 0 && NF > 1 { name = substr($0, length($1) + 2); gsub(/[^] !#-[^-~]/, "?", name); sub("^/", "", name); print "flist " $1 " \"" name "\"" }
'

fx_help=$("$fx_tar" --help 2>&1)
fx_flat='' fx_least=0
case $fx_help in *no-recursion*) fx_flat=--no-recursion fx_least=-1 ;; esac
case $("$fx_tar" --version 2>/dev/null) in *GNU*) fx_flat="$fx_flat --no-unquote --hard-dereference --ignore-failed-read" ;; esac
fx_names() {
  printf '%s\n' "$fx_lines" | FX_LEAST=$fx_least "$fx_awk" -F '\t' '
    /^f/ || NF < 2 || $1 < ENVIRON["FX_LEAST"] + 0 { next }
    { name = substr($0, length($1) + 2); print (name ~ "^/" ? "" : "./") name }
  '
}
# Prints the archive. An empty archive is zero bytes (POSIX, pax): they are written here, because busybox's tar refuses to make one. A tar
# that reads no list gets the names as arguments, of which Linux takes some 2 MB.
# shellcheck disable=SC2046 # it is to be split into names
# shellcheck disable=SC2086 # empty, it is no argument
fx_archive() {
  case $(fx_names | head -n 1):$fx_help in
    :*) head -c 1024 /dev/zero ;;
    *-T*) fx_names | "$fx_tar" -c $fx_flat -f - -T - ;;
    *)
      IFS=$fx_nl
      set -- $(fx_names)
      unset IFS
      "$fx_tar" -c $fx_flat -f - "$@"
      ;;
  esac
}
exec 5>&1
fx_status=$({
  {
    fx_archive
    echo "$?" >&4
  } | "$fx_gzip" -c | "$fx_base64" | FX_LINES=$((fx_line / 57)) "$fx_awk" '
    { if (lines++ % ENVIRON["FX_LINES"] == 0) printf "%sa", (lines > 1 ? "\n" : ""); printf "%s", $0 }
    END { if (lines) print "" }
  ' >&5
} 4>&1)
[ "$fx_status" = 0 ] || printf 'funread "" tar has ended with exit code %s\n' "$fx_status"
case $fx_nl$fx_lines in *"${fx_nl}fwhole") echo 'fend 0 -' ;; esac
