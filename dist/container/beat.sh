# --- The beat: the one sign of life of a runner. A line that it types is one (the file `beat`), and so is a new `control` in S3
# (`beat.s3`). Whatever waits for a reader, or for its loss, asks for the age of the last beat:
#
#     seconds                                typed   by S3
#     another job may start beside this one     10      40   the next beat comes after 5 s, by S3 after 30 s (input.ts)
#     the reader is lost                        40      70   another job ends its session and waits for this job; another step may attach
#     a worker gets no further items           120     120
#     a directory has no job, and goes         600     600
#     the attacher ends its session     fx_silence           by S3, too, when it stays only for the end of the job
#     with a lock the job is stopped    fx_silence, both
#
# Times are seconds since the machine has started, which no change of a clock moves.

# Sets fx_uptime.
fx_read_uptime() {
  read -r fx_uptime fx_rest </proc/uptime
  fx_uptime=${fx_uptime%%.*}
}

# fx_note_beat FILE: notes a beat. The file is written in place, which needs no room on a full disk.
fx_note_beat() { fx_read_uptime && echo "$fx_uptime" 1<>"$fx_dir/$1"; }

# Notes when the first bootstrap of the job began, as the first beat. The runner makes certain of its lock after that, and then types. The
# kernel tells the start of a process in hundredths of a second (proc(5)). The start of a later attacher is no beat.
fx_begin_beat() { [ -e "$fx_dir/beat" ] || echo "$((${fx_self#*:} / 100))" >"$fx_dir/beat"; }

# fx_has_beat DIRECTORY FILE SECONDS: whether that beat of the job there is younger. A shell reads a file byte by byte, perhaps while it is
# written, so only a second look finds that it is not. Sets fx_beat_at.
fx_has_beat() { fx_is_younger "$@" || fx_is_younger "$@"; }
fx_is_younger() {
  fx_read_uptime
  read -r fx_beat_at <"$1/$2" && [ "$((fx_uptime - fx_beat_at))" -lt "$3" ]
} 2>/dev/null

# fx_is_there DIRECTORY: whether the job there has a reader. Of a session that has ended it is not known whether its reader comes back.
fx_is_there() { { fx_has_beat "$1" beat 10 && fx_is "$(cat "$1/attacher")"; } || fx_has_beat "$1" beat.s3 40; }

# fx_is_lost DIRECTORY: whether the job there has lost its reader.
fx_is_lost() { ! { fx_has_beat "$1" beat 40 || fx_has_beat "$1" beat.s3 70; }; }

# fx_is_silent DIRECTORY SECONDS: whether no beat there is younger.
fx_is_silent() { ! { fx_has_beat "$1" beat "$2" || fx_has_beat "$1" beat.s3 "$2"; }; }
