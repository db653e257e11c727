# The recorder for images without python3: one process for each stream of each worker, with its pipe on descriptor 5.
#
#     awk -f recorder.awk KIND WORKER WORKERS <PATTERNS 5<PIPE | fx_keep of spool.sh
#
# KIND is o or e, or r or s for the files of file-commands.sh, or i for the facts of items.sh. A fact is recorded whole, or not at all.
#
# The patterns come by a pipe, one a line, in the order of redaction.ts: they are secret, and an environment may be too
# small for them. The recorder writes the records that recorder.py writes (carriers/stream/marks.ts). awk reads whole buffers or lines, so
# dd reads what is in the pipe. Only GNU awk and mawk can hold a NUL byte; with another awk it becomes a `?`.
BEGIN {
  MARK = "\033]7733;"
  OPEN = MARK "+\007"
  LITERAL = MARK "=\007"
  DAMAGED = "\357\277\275"
  REPLACEMENT = MARK "?\007"
  # A write of PIPE_BUF bytes or less, on Linux 4,096, is never mixed with what other processes write (POSIX, write).
  PAGE = 4000
  kind = ARGV[1]
  worker = ARGV[2]
  several = ARGV[3] > 1
  tag = MARK kind (several ? worker : "") "\007"
  prefix = several && kind ~ /[oe]/ ? "[" worker "] " : ""
  # Before a whole line, before the beginning of an open one, and before what goes on with it.
  lead = (kind == "o" ? "" : tag) prefix
  again = kind == "o" && !several ? "" : tag
  first = again prefix
  nul = holds_nul()
  read_patterns()

  # getline cuts what dd has read at each RS, which is put back. The dot tells an empty read from the end of the pipe.
  RS = "\001"
  read = "dd bs=65536 count=1 <&5 2>/dev/null" (nul ? "" : " | tr '\\000' '?'") "; printf ."
  for (;;) {
    text = some = separator = ""
    while ((read | getline part) > 0) {
      some = some separator part
      separator = RS
      # A text that grows by a byte is copied for each of them.
      if (length(some) > 999) { text = text some; some = "" }
    }
    text = text some
    close(read)
    if (text == ".") break
    text = substr(text, 1, length(text) - 1)
    # A dot is the last answer (items.sh).
    over = kind == "i" && rest text ~ /(^|\n)\.\n$/
    take(rest (over ? substr(text, 1, length(text) - 2) : text))
    if (over) break
  }
  look(rest)
  if (rest != "" && kind != "i") open(clean(rest))
}

function holds_nul(    text) {
  "printf 'a\\000b'" | getline text
  close("printf 'a\\000b'")
  return length(text) == 3
}

# A pattern that begins with another one is of that one's family, and is only looked for when that one was found. When there are
# many families, most are found by blocks: every span of 2n - 1 bytes holds one of the blocks of n bytes that a text is made of.
function read_patterns(    line, head, long_, i, size, least, many) {
  while ((getline line < "/dev/stdin") > 0) {
    if (line == "") continue
    pattern[++count] = line
    starts[substr(line, 1, 3)] = starts[substr(line, 1, 3)] " " count
    starts[substr(line, 1, 2)] = starts[substr(line, 1, 1)] = ""
    if (length(line) > longest) longest = length(line)
    if (heads && index(line, head) == 1) continue
    head = line
    family[++heads] = count
    if (length(line) >= 15) long_++
  }
  family[heads + 1] = count + 1
  # With more families than this the search by blocks is faster, as measured: GNU awk finds a text slowly, mawk cuts one
  # slowly. busybox awk cuts so slowly that blocks never help.
  many = "version" in PROCINFO ? 24 : 120
  least = heads - long_ > many ? 7 : 15
  if (nul && heads > many) {
    for (i = 1; i <= heads; i++) {
      size = int((length(pattern[family[i]]) + 1) / 2)
      if (2 * size >= least && (!block || size < block)) block = size
    }
  }
  for (i = 1; i <= heads; i++) {
    line = pattern[family[i]]
    if (!block || length(line) < 2 * block - 1) few[++fews] = i
    else for (size = 1; size <= block; size++) {
      head = substr(line, size, block)
      with[head] = with[head] " " i
    }
  }
}

# Sets near to the patterns that may be in the text.
function look(text,    i, end, part) {
  nears = 0
  split("", seen)
  for (i = 1; i <= fews; i++) look_for(few[i], text)
  if (!block) return
  end = length(text) - block + 1
  for (i = 1; i <= end; i += block) if ((part = substr(text, i, block)) in with) look_for_all(with[part], text)
}

function look_for_all(list, text,    n, i, each) {
  n = split(list, each, " ")
  for (i = 1; i <= n; i++) if (!(each[i] in seen)) look_for(each[i], text)
}

function look_for(head, text,    i) {
  seen[head]
  if (index(text, pattern[family[head]])) for (i = family[head]; i < family[head + 1]; i++) near[++nears] = i
}

# Where the last line of the text ends, or 0. An awk can only search forwards, so this looks at pieces from the end, and then at halves.
function last_end(text,    size, from, half) {
  for (size = 256; ; size *= 16) {
    from = length(text) > size ? length(text) - size : 0
    if (index(substr(text, from + 1), "\n")) break
    if (!from) return 0
  }
  for (size = length(text) - from; size > 1; ) {
    half = int(size / 2)
    if (index(substr(text, from + half + 1, size - half), "\n")) { from += half; size -= half }
    else size = half
  }
  return from + 1
}

function take(text,    cut) {
  cut = last_end(text)
  rest = substr(text, cut + 1)
  text = substr(text, 1, cut)
  if (text != "") {
    look(text)
    whole(dirty(text) ? cleaned(text) : text)
  }
  if (kind == "i") return
  look(rest)
  cut = showable(rest)
  if (cut > 0) {
    open(clean(substr(rest, 1, cut)))
    rest = substr(rest, cut + 1)
  } else if (length(rest) > 65536) {
    # Secrets that touch or overlap do not end. They are shown as one, so their beginning need not be kept.
    rest = substr(rest, last)
  }
}

# Cleans lines of which few hold bytes to clean: it cleans only the pages that hold some.
function cleaned(text,    at, end, size, page, out) {
  end = length(text)
  for (at = 1; at <= end; at += size) {
    size = last_end(substr(text, at, PAGE))
    if (!size) size = index(substr(text, at), "\n")
    page = substr(text, at, size)
    out = out (dirty(page) ? clean(page) : page)
  }
  return out
}

# Whether a text that was looked at, or a part of it, has to be cleaned.
function dirty(text,    i) {
  for (i = 1; i <= nears; i++) if (index(text, pattern[near[i]])) return 1
  return index(text, MARK) || index(text, DAMAGED)
}

# How many bytes of the text, from `at` on, fit a page. A piece never ends in the middle of a mark. A mark has nine bytes here.
function fitting(text, at,    size, cut) {
  size = PAGE - 100
  cut = index(substr(text, at + size - 8, 15), MARK)
  return cut && cut <= 8 ? size - 9 + cut : size
}

# Lines, each with its end, as records, in pages.
function whole(text,    at, size, end, before) {
  if (lead != "") gsub(/\n/, "\n" lead, text)
  text = (inside ? "" : lead) substr(text, 1, length(text) - length(lead))
  before = inside ? again : ""
  inside = 0
  end = length(text)
  for (at = 1; at <= end; at += size) {
    size = at + PAGE - 100 > end ? end - at + 1 : last_end(substr(text, at, PAGE - 100))
    if (size > 0) {
      write(before substr(text, at, size))
      before = ""
    } else {
      # A line longer than a page is written in pieces, each with its tag.
      size = fitting(text, at)
      write((before == "" && lead == prefix ? again : before) substr(text, at, size) OPEN "\n")
      before = again
    }
  }
}

# The beginning of a line, or more of it, as records.
function open(text,    at, size) {
  for (at = 1; at <= length(text); at += size) {
    size = fitting(text, at)
    write((inside ? again : first) substr(text, at, size) OPEN "\n")
    inside = 1
  }
}

function write(text) {
  printf "%s", text
  fflush()
}

# A text that was looked at, without secrets and without bytes that a reader could take for a mark. Secrets that overlap
# or touch are one.
function clean(text,    from, out) {
  begin_spans(text)
  for (from = 1; next_span(0); from = end) out = out substr(text, from, start - from) "***"
  return exchange(exchange(out substr(text, from), MARK, LITERAL), DAMAGED, REPLACEMENT)
}

# Begins the search for spans of this text that patterns cover.
function begin_spans(text,    i, at) {
  body = text
  spans = 0
  for (i = 1; i <= nears; i++)
    if ((at = index(body, pattern[near[i]])) > 0) {
      coming[++spans] = at
      sought[spans] = pattern[near[i]]
    }
}

# Finds the next span: from `start` up to `end`. False when there is none. `coming` is where each pattern comes next. The span begins with the
# first of them, and takes in each that begins before its end or touches it. Of those that begin at `most` or before, `last` is where the one
# begins that ends last.
function next_span(most,    i, grown, to, last_to) {
  start = last_to = 0
  for (i = 1; i <= spans; i++) if (coming[i] && (!start || coming[i] < start)) end = start = coming[i]
  if (!start) return 0
  do {
    grown = 0
    for (i = 1; i <= spans; i++)
      while (coming[i] && coming[i] <= end) {
        to = coming[i] + length(sought[i])
        if (to > end) { end = to; grown = 1 }
        if (to > last_to && coming[i] <= most) { last = coming[i]; last_to = to }
        coming[i] = find(sought[i], coming[i] + 1)
      }
  } while (grown)
  return 1
}

# How many characters of an unfinished line can be shown, after look() at it. The line's end may turn out to begin a pattern,
# and a pattern is never shown in part.
function showable(text,    cut) {
  cut = length(text) - begun(substr(text, length(text) > longest ? length(text) - longest + 1 : 1))
  begin_spans(text)
  while (next_span(cut) && start <= cut) if (end - 1 > cut) return start - 1
  return cut
}

# The most characters at the end of the text that may begin a pattern.
function begun(text,    at, size, n, i, each) {
  for (at = 1; at <= length(text); at++) {
    if (!(substr(text, at, 3) in starts)) continue
    size = length(text) - at + 1
    if (size < 3) return size
    n = split(starts[substr(text, at, 3)], each, " ")
    for (i = 1; i <= n; i++)
      if (length(pattern[each[i]]) > size && substr(pattern[each[i]], 1, size) == substr(text, at)) return size
  }
  return 0
}

function exchange(text, old, new,    out, some, at, from) {
  body = text
  for (from = 1; (at = find(old, from)) > 0; from = at + length(old)) {
    some = some substr(body, from, at - from) new
    # A text that grows by a few bytes is copied each time.
    if (length(some) > 999) { out = out some; some = "" }
  }
  return out some substr(body, from)
}

# Where the text `what` comes next in the body, from that place on, or 0. It looks at pieces: the rest of the body is not copied for each
# place.
function find(what, from,    size, at) {
  for (size = 256; from <= length(body); size *= 4) {
    if ((at = index(substr(body, from, size + length(what) - 1), what)) > 0) return from + at - 1
    from += size
  }
  return 0
}
