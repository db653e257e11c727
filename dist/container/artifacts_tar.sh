# Packs artifacts where the image has no python3, and prints the lines that artifacts.py describes. /bin/sh -c runs it behind enter.sh, as the
# script's user, with the arguments
#
#     FIND SORT STAT TAR GZIP BASE64 AWK DIRECTORY COUNT BYTES [+|- BASE DEPTH REGEX]...
#
# A list of names has a line each, so a name with a line's end is not packed. tar opens a name by its path: it follows no link at its end, but
# one that takes the place of a directory meanwhile.
fx_find=$1 fx_sort=$2 fx_stat=$3 fx_tar=$4 fx_gzip=$5 fx_base64=$6 fx_awk=$7
shift 7
fx_directory=$1 fx_count=$2 fx_bytes=$3
shift 3
case $fx_directory in /*) ;; *) cd -P /proc/self/fd/7 || exit ;; esac
fx_enter "$fx_directory" || exit
exec 7<&-
export LC_ALL=C
# Options of the image.
unset TAR_OPTIONS GZIP
fx_nl='
'
set -f

# fx_find NUMBER BASE: prints `NUMBER BYTES MODE PATH` of all that is there and below, and `NUMBER ! ` for each name with a line's end. No link
# is followed.
fx_find() {
  case $2 in /*) fx_start=$2 ;; '') fx_start=. ;; *) fx_start=./$2 ;; esac
  fx_way=$fx_start
  while case ${fx_way%/*} in '' | . | "$fx_way") false ;; esac; do
    fx_way=${fx_way%/*}
    [ ! -L "$fx_way" ] || return 0
  done
  [ -e "$fx_start" ] || [ -L "$fx_start" ] || return 0
  fx_top=${fx_start%/}
  [ "$fx_start" != . ] || [ "$(pwd -P)" != / ] || fx_top=.
  "$fx_find" "$fx_start" \( -path "$fx_top/proc" -o -path "$fx_top/sys" -o -path "$fx_top/dev" \) -prune -o \
    -name "*$fx_nl*" -prune -exec "$fx_stat" -c "$1 ! " {} ';' -o -exec "$fx_stat" -c "$1 %s %f %n" {} +
}

fx_find_all() {
  fx_number=0
  while [ $# -gt 0 ]; do
    [ "$1" = - ] || fx_find "$fx_number" "$2"
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

# Reads what fx_find prints. Prints the facts, each behind `f`, and what matches: weight, path.
fx_match() {
  FX_GLOBS=$(fx_list_globs "$@") FX_HERE=$(pwd -P) "$fx_awk" '
    function matches(number, path,  below, base) {
      base = bases[number]
      below = path
      if (base == path) below = ""
      else if (base != "") {
        sub("/$", "", base)
        if (substr(path, 1, length(base) + 1) != base "/") return 0
        below = substr(path, length(base) + 2)
      }
      return below ~ ("^(" regexes[number] ")$")
    }
    function absolute(path) { return path ~ "^/" ? path : path == "" ? here : (here == "/" ? "" : here) "/" path }
    function shown(name) { gsub(/[^] !#-[^-~]/, "?", name); return "\"" name "\"" }
    BEGIN {
      here = ENVIRON["FX_HERE"]
      count = split(ENVIRON["FX_GLOBS"], lines, "\n")
      for (i = 1; i <= count; i++) {
        split(lines[i], parts, "\t")
        signs[i - 1] = parts[1]; bases[i - 1] = parts[2]; regexes[i - 1] = parts[3]
        # Exclusions hold for both ways to write a path.
        bases["full " (i - 1)] = absolute(parts[2]); regexes["full " (i - 1)] = parts[3]
      }
    }
    $2 == "!" { odd++; next }
    {
      path = substr($0, length($1) + length($2) + length($3) + 4)
      sub("^[.]/", "", path)
      if (path == "." || !matches($1, path)) next
      full = absolute(path)
      for (i = 0; i < count; i++) if (signs[i] == "-" && (matches(i, path) || matches("full " i, full))) next
      kind = substr($3, 1, 1)
      if (length($3) != 4 || (kind != "4" && kind != "8" && kind != "a")) {
        if (!seen[path]++) print "funread " shown(path) " it is no file, directory or link"
        next
      }
      found[$1] = 1
      if (!seen[path]++) print (kind == "4" ? -1 : kind == "8" ? $2 : 0) "\t" path
    }
    END {
      for (i = 0; i < count; i++) if (signs[i] == "+" && !found[i]) print "fnone " i
      if (odd) print "funread \"\" " odd " names have a line end, which needs python3"
    }
  '
}

# Of these lines in their order, prints those within the limits.
fx_limit() {
  FX_COUNT=$fx_count FX_BYTES=$fx_bytes "$fx_awk" '
    BEGIN { left = ENVIRON["FX_BYTES"] + 0; most = ENVIRON["FX_COUNT"] + 0 }
    /^f/ { print; next }
    {
      weight = $1 < 0 ? 0 : $1 + 0
      left -= weight
      if (kept < most && left >= 0) { kept++; print }
      else { over++; lost += weight }
    }
    END { if (over) printf "fover %d %.0f\n", over, lost }
  '
}

fx_lines=$(fx_find_all "$@" | fx_match "$@" | "$fx_sort" -t '	' -k 1,1n -k 2 | fx_limit)
printf '%s\n' "$fx_lines" | "$fx_awk" -F '\t' '
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
# Prints the archive. A tar that reads no list gets the names as arguments, of which Linux takes some 2 MB.
# shellcheck disable=SC2046 # it is to be split into names
# shellcheck disable=SC2086 # empty, it is no argument
fx_archive() {
  case $fx_help in
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
  } | "$fx_gzip" -c | "$fx_base64" | "$fx_awk" '
    { if (lines++ % 200 == 0) printf "%sa", (lines > 1 ? "\n" : ""); printf "%s", $0 }
    END { if (lines) print "" }
  ' >&5
} 4>&1)
[ "$fx_status" = 0 ] || printf 'funread "" tar has ended with exit code %s\n' "$fx_status"
echo 'fend 0 -'
