# --- Artifacts: files of the container that are brought back. When all workers have ended, a process of the script's user packs them.
# The archive goes into the spool, behind all else: each line of base64 is a record with the tag `a`, and each fact about the archive
# is a record with the tag `f` (carriers/stream/marks.ts). When S3 carries the output the archive goes there in parts, and records of facts
# say that they are there. The whole archive is never on the disk, which may have no room for it.

# Adds the artifacts to the spool. A cancel, or the fence of a lost lock, ends the packing 3.3 s later, because the runner waits 4 s for
# the status. Where no session reaches the job the stop command stops it, about a second later than a cancel would, so it leaves the
# packing 2.2 s.
fx_keep_artifacts() {
  # These files loosen the limit of the spool (fx_hold). Packing keeps the limit.
  rm -f "$fx_dir/ending" "$fx_dir/told"
  : >"$fx_dir/packing"
  trap fx_hurry TERM
  # The packer runs in /, and by this descriptor enters the directory that the job runs in. When that can't be read, only an absolute
  # 'working-directory' can be packed.
  exec 7</dev/null
  [ ! -r . ] || exec 7<.
  fx_find_archiver
  fx_apart fx_pack_into_spool 2>>"$fx_dir/err" &
  fx_name "$!"
  fx_packing=$fx_token
  exec 7<&-
  fx_bound_packing &
  fx_name "$!"
  fx_killer="$fx_killer $fx_token"
  # A signal ends `wait` early.
  while fx_is "$fx_packing"; do wait "${fx_packing%:*}"; done
  trap '' TERM
  : >"$fx_dir/ending"
}

# Notes that the job has to end soon. Traps call it, so it sets no variable.
fx_hurry() { [ -e "$fx_dir/hurry" ] || cat /proc/uptime >"$fx_dir/hurry"; }

# Writes `enough` once packing has had its time, and kills what still packs.
fx_bound_packing() {
  trap - TERM
  fx_read_hundredths
  fx_until=$((fx_now + fx_packing_time * 100))
  while fx_lives "$fx_packing"; do
    if [ -s "$fx_dir/hurry" ]; then
      fx_read_hundredths "$fx_dir/hurry"
      fx_hurry_until=$((fx_now + 330))
      [ ! -e "$fx_dir/late" ] || fx_hurry_until=$((fx_hurry_until - 110))
      [ "$fx_hurry_until" -ge "$fx_until" ] || fx_until=$fx_hurry_until
    fi
    fx_read_hundredths
    if [ "$fx_now" -ge "$fx_until" ]; then
      : >"$fx_dir/enough"
      fx_kill_packers
    fi
    sleep 0.1
  done
}

# Kills what packs, with all that it has started. Another process of its user may have stopped it, or may hold its pipe: so a passer in awk, which
# can't stop waiting, is killed a moment later.
fx_kill_packers() {
  for fx_each in "$fx_dir"/*.packer.pid; do
    [ ! -s "$fx_each" ] || fx_kill_leader "$(cat "$fx_each")"
  done
  fx_naps=6
  for fx_each in "$fx_dir"/*.passer.pid; do
    [ -s "$fx_each" ] || continue
    while [ "$fx_naps" -gt 0 ] && fx_lives "$(cat "$fx_each")"; do
      sleep 0.05
      fx_naps=$((fx_naps - 1))
    done
    fx_kill_leader "$(cat "$fx_each")"
  done
}

# fx_kill_leader NAME: kills this process and its group. Before its setsid it leads none.
fx_kill_leader() {
  fx_tell_group KILL "$1" || fx_tell KILL "$1"
}

# fx_become_packer NAME ENOUGH WORD...: becomes a program of the script's user, as the leader of a session. NAME.packer.pid names it for those who
# kill it. Ends without it when the file ENOUGH is there: nobody would kill it any more.
fx_become_packer() {
  fx_name self
  echo "$fx_token" >"$fx_dir/$1.packer.pid"
  [ -s "$fx_dir/$1.packer.pid" ] && [ ! -e "$2" ] || exit
  shift 2
  fx_as_user fx_session "$@"
}

fx_pack_into_spool() {
  trap - TERM
  # The disk need not hold much of the archive at a time.
  [ "$fx_limit" -le 67108864 ] || fx_limit=67108864
  fx_segment=$((fx_limit / 16))
  [ "$fx_segment" -le 1048576 ] || fx_segment=1048576
  {
    fx_pack artifacts "$fx_dir/enough" '' fx_with_globs 49152 ${fx_pieces:+"$fx_dir"}
    [ ! -e "$fx_dir/enough" ] || printf '\033]7733;f\007cut\n'
  } | fx_keep
}

# fx_pack NAME ENOUGH FACT WITH LINE [DIRECTORY]: packs as NAME until the file ENOUGH is there, and prints what fx_pass_records makes of that. WITH is
# a function that adds the directory, the limits and the globs to a command. A line has up to LINE bytes of the archive.
fx_pack() {
  # For S3 a lower level takes less time in all: more bytes are sent sooner than they are compressed harder.
  fx_level=6
  [ -z "$fx_pieces" ] || fx_level=4
  # The packer belongs to the script's user, so it has no pipe of facts.
  case $fx_archiver in
    python3) "$4" fx_become_packer "$1" "$2" "$fx_python3" -I -S -c "$fx_artifacts_py" "$fx_level" "$5" 8>&- ;;
    tar)
      "$4" fx_become_packer "$1" "$2" /bin/sh -c "$fx_artifacts_sh" sh "${fx_as_uid:-$fx_uid}" "$fx_find_program" "$fx_sort" \
        "$fx_stat_program" "$fx_tar" "$fx_gzip" "$fx_base64" "$fx_awk" "$5" 8>&-
      ;;
    *) printf 'flacking %s\n' 'python3 with tarfile and zlib, or tar, gzip, base64, awk, find, sort and stat' ;;
  esac | (fx_pass_records "$1" "$2" "$3" ${6:+"$6"})
}

# Sets fx_archiver to what can pack: python3, tar with other programs, or nothing.
fx_find_archiver() {
  [ -z "${fx_archiver-}" ] || return 0
  if [ "$fx_python3" ] && (fx_apart "$fx_python3" -I -S -c 'import tarfile, zlib') 2>>"$fx_dir/err"; then
    fx_archiver=python3
  elif fx_find_packers; then
    fx_archiver=tar
  else
    fx_archiver=none
  fi
}

# Finds the programs that pack artifacts without python3.
fx_find_packers() {
  fx_tool find || return
  fx_find_program=$fx_file
  fx_tool sort || return
  fx_sort=$fx_file
  fx_tool stat || return
  fx_stat_program=$fx_file
  fx_tool tar || return
  fx_tar=$fx_file
  fx_tool gzip || return
  fx_gzip=$fx_file
  fx_tool base64 || return
  fx_base64=$fx_file
  fx_tool awk || return
  fx_awk=$fx_file
}

# fx_pass_records NAME ENOUGH FACT [DIRECTORY]: passes the packer's lines on until the file ENOUGH is there: as records, as parts in S3, or behind FACT
# as facts (pass.py). It checks the lines: they come from a process of the script's user, which another process of that user may have replaced.
fx_pass_records() {
  # The passer of artifacts in python3 looks for ENOUGH itself. The others are named, since they may have to be killed: awk can't stop waiting, and
  # that of an item may wait for a pipe that another process holds (fx_free_passers).
  if [ -z "$fx_python3" ] || [ "$3" ]; then
    fx_name self
    echo "$fx_token" >"$fx_dir/$1.passer.pid"
    [ ! -e "$2" ] || exit
  fi
  if [ "$fx_python3" ]; then
    shift
    exec "$fx_python3" -I -S -c "$fx_pass_py" "$@"
  else
    fx_tool awk
    export FX_ENOUGH="$2" FX_FACT="$3" LC_ALL=C
    # It holds nothing back, since it may be killed.
    exec "$fx_file" '
      BEGIN { fact = ENVIRON["FX_FACT"] }
      length($0) > 262143 || !/^[af][ -~]*$/ || /^f(no-)?part/ { exit }
      fact != "" && length($0) > 3850 {
        if (/^a/) exit
        if (/^flist /) next
        $0 = "funread \"\" its name is too long"
      }
      { told++; print fact == "" ? "\033]7733;" substr($0, 1, 1) "\007" substr($0, 2) : fact $0; fflush() }
      NR % 64 == 0 { if ((getline enough <ENVIRON["FX_ENOUGH"]) >= 0) exit; close(ENVIRON["FX_ENOUGH"]) }
      END {
        if (!told && fact != "" && (getline enough <ENVIRON["FX_ENOUGH"]) < 0)
          print fact "funread \"\" the program that packs them has printed nothing"
      }
    '
  fi
}
