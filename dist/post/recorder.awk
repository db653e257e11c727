# The recorder for images without python3: one process for each stream of each worker, its pipe on standard input.
#
#     fx_patterns=... awk -f recorder.awk KIND WORKER WORKERS SIZES >>out
#
# It writes what recorder.py writes (output/marks.ts defines it). An awk can't read what is there and no more, so
# each piece is one read of dd. No awk but GNU's and mawk can hold a NUL byte: for the others it becomes a `?`.
BEGIN {
  MARK = "\033]7733;"
  OPEN = MARK "+\007"
  LITERAL = MARK "=\007"
  DAMAGED = "\357\277\275"
  REPLACEMENT = MARK "?\007"
  # A write of one page or less is never torn by that of another recorder.
  PAGE = 4000

  kind = ARGV[1]
  worker = ARGV[2]
  several = ARGV[3] > 1
  tag = MARK kind (several ? worker : "") "\007"
  prefix = several ? "[" worker "] " : ""
  # Before a whole line, before the beginning of an open one, and before what goes on with it.
  lead = (kind == "o" ? "" : tag) prefix
  again = kind == "o" && !several ? "" : tag
  first = again prefix
  count = split(ENVIRON["fx_patterns"], pattern, "\n")

  # Pieces are put together again with what they were cut at; the dot tells an empty piece from the end.
  RS = "\001"
  read = "dd bs=65536 count=1 2>/dev/null" (holds_nul() ? "" : " | tr '\\000' '?'") "; printf ."
  for (;;) {
    text = separator = ""
    while ((read | getline part) > 0) {
      text = text separator part
      separator = RS
    }
    close(read)
    if (text == ".") break
    take(rest substr(text, 1, length(text) - 1))
  }
  if (rest != "") open(clean(rest))
  # What the spool has of it is less where the disk was full: nobody tells an awk so.
  printf "%.0f\n", written >>ARGV[4]
}

function holds_nul(    text) {
  "printf 'a\\000b'" | getline text
  close("printf 'a\\000b'")
  return length(text) == 3
}

# Where the last line of the text ends, or 0. Looked for from the end, since an awk can only search forwards.
function last_end(text,    size, from, tail, at, next_) {
  for (size = 256; ; size *= 16) {
    from = length(text) > size ? length(text) - size : 0
    tail = substr(text, from + 1)
    at = index(tail, "\n")
    if (at) while ((next_ = index(substr(tail, at + 1), "\n")) > 0) at += next_
    if (at || !from) return at ? from + at : 0
  }
}

function take(text,    cut) {
  cut = last_end(text)
  rest = substr(text, cut + 1)
  text = substr(text, 1, cut)
  if (text != "") whole(dirty(text) ? cleaned(text) : text)
  cut = showable(rest)
  if (cut > 0) {
    open(clean(substr(rest, 1, cut)))
    rest = substr(rest, cut + 1)
  }
}

# Lines, of which a few hold something to clean: only their pages are taken apart.
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

function dirty(text,    i) {
  for (i = 1; i <= count; i++) if (index(text, pattern[i])) return 1
  return index(text, MARK) || index(text, DAMAGED)
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
      # A line longer than a page, a piece of it at a time; no piece of it may go without its tag.
      size = PAGE - 100
      write((before == "" && lead == prefix ? again : before) substr(text, at, size) OPEN "\n")
      before = again
    }
  }
}

# The beginning of a line, or more of it, as records.
function open(text,    at) {
  for (at = 1; at <= length(text); at += PAGE - 100) {
    write((inside ? again : first) substr(text, at, PAGE - 100) OPEN "\n")
    inside = 1
  }
}

function write(text) {
  written += length(text)
  printf "%s", text
  fflush()
}

# The text without secrets, and without anything that could be taken for a mark. Secrets that overlap or touch are one.
function clean(text,    i, n, at, size, from, start, end, grown, out, of) {
  for (i = 1; i <= count; i++)
    if ((at[n + 1] = index(text, pattern[i])) > 0) of[++n] = pattern[i]
  for (from = 1; ; from = end) {
    # Where each comes next is known: the first of them, with all that begin before it has ended.
    start = 0
    for (i = 1; i <= n; i++) if (at[i] && (!start || at[i] < start)) end = (start = at[i]) + length(of[i])
    if (!start) break
    do {
      grown = 0
      for (i = 1; i <= n; i++)
        while (at[i] && at[i] <= end) {
          if (at[i] + length(of[i]) > end) { end = at[i] + length(of[i]); grown = 1 }
          size = index(substr(text, at[i] + 1), of[i])
          at[i] = size ? at[i] + size : 0
        }
    } while (grown)
    out = out substr(text, from, start - from) "***"
  }
  return exchange(exchange(out substr(text, from), MARK, LITERAL), DAMAGED, REPLACEMENT)
}

function exchange(text, old, new,    out, at) {
  while ((at = index(text, old)) > 0) {
    out = out substr(text, 1, at - 1) new
    text = substr(text, at + length(old))
  }
  return out text
}

# How much of an unfinished line can be shown: not the end that may turn out to begin a pattern, nor a part of one.
function showable(text,    cut, i, size, at, from) {
  cut = length(text)
  for (i = 1; i <= count; i++) {
    size = length(pattern[i]) - 1
    if (size > length(text)) size = length(text)
    for (; size > length(text) - cut; size--)
      if (substr(text, length(text) - size + 1) == substr(pattern[i], 1, size)) cut = length(text) - size
  }
  for (i = 1; i <= count; i++) {
    from = 1
    while ((at = index(substr(text, from), pattern[i])) > 0) {
      at += from - 1
      if (at <= cut && at + length(pattern[i]) - 1 > cut) {
        cut = at - 1
        i = 0
        break
      }
      from = at + 1
    }
  }
  return cut
}
