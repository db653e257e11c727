# The copier of echo.sh runs this for each part of the spool. It prints the part's records as the job has printed them, redacted.
#
#     awk -f echo.awk SIZE MISSED REST <PART
#
# SIZE is the number of bytes of the part. MISSED is the number of bytes in front of it that were removed before they could be copied.
# REST is a file that holds the beginning of a record whose end is in the next part. The records are those of stream/marks.ts.
BEGIN {
  size = ARGV[1]
  missed = ARGV[2]
  file = ARGV[3]
  ARGC = 1
  rest = ""
  if (missed > 0) write("[fargate-exec: " missed " bytes of output are left out here]\n")
  else if ((getline line < file) > 0) rest = line
  close(file)
}

{
  if (NR > 1) take(last)
  last = (NR > 1 ? "" : rest) $0
  bytes += length($0) + 1
}

END {
  # awk does not tell a last line with an end from one without it, but the number of bytes does.
  if (bytes > size) rest = last
  else { take(last); rest = "" }
  page()
  printf "%s", rest >file
}

function take(record,    end, kind) {
  # The record may have begun in what was removed.
  if (missed > 0) { missed = 0; return }
  end = "\n"
  if (index(record, MARK) == 1) {
    kind = substr(record, length(MARK) + 1, 1)
    if (kind == "o" || kind == "e") record = substr(record, index(record, "\007") + 1)
    else if (kind ~ /[a-z]/) return
  }
  if (length(record) >= length(OPEN) && substr(record, length(record) - length(OPEN) + 1) == OPEN) {
    record = substr(record, 1, length(record) - length(OPEN))
    end = ""
  }
  write(exchange(exchange(record, REPLACEMENT, DAMAGED), LITERAL, MARK) end)
}

function write(text) {
  if (length(out) + length(text) > PAGE) page()
  out = out text
}

function page() {
  printf "%s", out
  fflush()
  out = ""
}
