# Finds the matches of the globs, for artifacts_tar.sh, which hands the globs over by the environment. It reads what fx_list_tree prints.
# It prints the facts, each behind an `f`, the weight and the path of each match, and `fwhole` at the end.
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

function absolute(path) { return path ~ "^/" ? path : path == "" ? here : here "/" path }

function is_ours(owner) { return owner == 0 || owner == uid }

# Whether no other user can exchange a name of this path. A directory is closed when no other user can exchange a name in it,
# and sticky when other users can exchange only names that are not ours.
function is_fixed(full, owner,  above) {
  above = full
  sub("/[^/]*$", "", above)
  return full == "" || kinds[above] == "closed" || (kinds[above] == "sticky" && is_ours(owner))
}

function kind_of(full, mode, owner) {
  if (!is_ours(owner) || !is_fixed(full, owner) || kinds[full] == "open" || (exchanged && full == here)) return "open"
  if (substr(mode, 6, 1) != "w" && substr(mode, 9, 1) != "w") return "closed"
  return mode ~ /[tT]$/ ? "sticky" : "open"
}

function unread(path, why) {
  if (seen[path]++) return
  if (++unreads <= 50) print "funread " shown(path) " " why
}

function shown(name) { gsub(/[^] !#-[^-~]/, "?", name); return "\"" name "\"" }

BEGIN {
  most = 2 * ENVIRON["FX_COUNT"]
  if (most < 100000) most = 100000
  here = ENVIRON["FX_HERE"]; uid = ENVIRON["FX_UID"]; exchanged = ENVIRON["FX_EXCHANGED"]
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
  path = substr($0, length($1 $2 $3 $4) + 5)
  sub("^[.]/", "", path)
  full = absolute(path == "." ? "" : path)
  sub("/$", "", full)
  if ($3 ~ /^d/) kinds[full] = kind_of(full, $3, $4)
  if (path == "." || $1 == "^" || !matches($1, path)) next
  for (i = 0; i < count; i++) if (signs[i] == "-" && (matches(i, path) || matches("full " i, full))) next
  if ($3 !~ /^[-dl]/) {
    unread(path, "it is no file, directory or link")
    next
  }
  found[$1] = 1
  # Each takes memory.
  if (!seen[path] && ++listed > most) {
    print "funread \"\" more than " most " files and directories: the others are not listed"
    exit
  }
  if (!is_fixed(full, $4)) unread(path, "another user of the container can replace what is on its way, and the image has no python3")
  if (!seen[path]++) print ($3 ~ /^d/ ? -1 : $3 ~ /^-/ ? $2 : 0) "\t" path
}

END {
  for (i = 0; i < count; i++) if (signs[i] == "+" && !found[i]) print "fnone " i
  if (unreads > 50) print "funread \"\" " (unreads - 50) " more"
  if (odd) print "funread \"\" " odd " names have a line end, which needs python3"
  print "fwhole"
}
