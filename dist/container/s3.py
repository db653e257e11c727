"""The uploader, second part: POST and GET at addresses that the runner has signed."""

import base64
import socket
import urllib.parse

# Seconds that a connection, or the next byte of an answer, may take.
PATIENCE = 20
# Bytes of an answer, at most.
LONGEST = 65536
# Lines of an answer before its body, at most.
MOST_LINES = 200
PORTS = {"http": 80, "https": 443}


class Trouble(Exception):
    """Why a request came to nothing. `status` is that of HTTP, or 0 when there was no answer."""

    def __init__(self, why, status=0):
        super().__init__(re.sub("[^ -~]+", " ", why)[:200].strip())
        self.status = status


def proxy_for(url):
    """The proxy that the environment names for this URL, or None."""
    if not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    # This module takes a megabyte of memory.
    import urllib.request

    address = urllib.request.getproxies().get(url.scheme)
    if not address or urllib.request.proxy_bypass(url.hostname):
        return None
    return urllib.parse.urlsplit(address if "//" in address else "//" + address)


class Connection:
    """A connection to the host of a URL, directly or through a proxy. http.client would take two megabytes more."""

    context = None

    def __init__(self, url):
        proxy = proxy_for(url)
        at = proxy or url
        self.base, self.login = "", []
        self.socket = socket.create_connection((at.hostname, at.port or PORTS[at.scheme]), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if proxy and proxy.username:
            pair = "%s:%s" % (proxy.username, proxy.password or "")
            code = base64.b64encode(urllib.parse.unquote(pair).encode()).decode()
            self.login = ["Proxy-Authorization: Basic " + code]
        if url.scheme == "https":
            if proxy:
                self.open_tunnel("%s:%d" % (url.hostname, url.port or 443))
            import ssl

            Connection.context = Connection.context or ssl.create_default_context()
            self.socket = Connection.context.wrap_socket(self.socket, server_hostname=url.hostname)
        elif proxy:
            self.base = "http://" + url.netloc
        self.file = self.socket.makefile("rb")

    def send_head(self, *lines):
        self.socket.sendall("\r\n".join(lines + ("", "")).encode())

    def open_tunnel(self, place):
        self.send_head("CONNECT %s HTTP/1.1" % place, "Host: " + place, *self.login)
        # Without a buffer: what comes after the head is not for this file.
        status, _ = read_head(self.socket.makefile("rb", 0))
        if status != 200:
            raise OSError("the proxy answers %d" % status)

    def exchange(self, method, url, headers, chunks):
        """Status and beginning of the answer, and whether the connection can be used again."""
        target = urllib.parse.urlunsplit(("", "", url.path or "/", url.query, ""))
        more = self.login if self.base else []
        self.send_head("%s %s HTTP/1.1" % (method, self.base + target), "Host: " + url.netloc, *headers + more)
        try:
            for chunk in chunks:
                self.socket.sendall(chunk)
        except ConnectionError:
            pass  # S3 may refuse, and close, before it has all. Its answer says why.
        status, told = read_head(self.file)
        data, is_whole = read_body(self.file, status, told)
        return status, data, is_whole and told.get("connection") != "close"


def read_head(file):
    """Status and headers of an answer, in lower case."""
    status, headers = None, {}
    for _ in range(MOST_LINES):
        line = file.readline(LONGEST).strip()
        if status is None:
            match = re.match(rb"HTTP/1\.[01] (\d{3})\b", line)
            if not match:
                raise OSError("no answer" if not line else "an answer that is not of HTTP")
            status, headers = int(match[1]), {}
        elif line:
            name, _, value = line.decode("latin-1").lower().partition(":")
            headers[name.strip()] = value.strip()
        elif 100 <= status < 200:
            status = None
        else:
            return status, headers
    raise OSError("an answer with too many headers")


def read_body(file, status, headers):
    """The beginning of an answer's body, and whether that is all of it."""
    if status == 204:
        return b"", True
    if "chunked" in headers.get("transfer-encoding", ""):
        data = b""
        while len(data) <= LONGEST:
            size = size_of(file.readline(LONGEST).partition(b";")[0], 16)
            if size == 0:
                # Lines behind the last chunk are not read, so the connection is not used again when there are some.
                return data, file.readline(LONGEST).strip() == b""
            data += file.read(min(size, LONGEST))
            file.readline(LONGEST)
        return data, False
    if "content-length" not in headers:
        return file.read(LONGEST), False
    length = size_of(headers["content-length"], 10)
    data = file.read(min(length, LONGEST))
    return data, len(data) == length


def size_of(text, base):
    size = int(text, base)
    if size < 0:
        raise OSError("an answer of a negative size")
    return size


class S3:
    """Requests, over connections that are kept."""

    def __init__(self):
        self.kept = {}

    def request(self, method, address, headers, body):
        """Status and beginning of the answer. There is a second try, because the other end may have closed a connection that was
        kept. `body` makes the chunks of the body for each try."""
        url = urllib.parse.urlsplit(address)
        place = url.scheme, url.netloc
        kept = self.kept.pop(place, None)
        for connection in ([kept] if kept else []) + [None]:
            try:
                connection = connection or Connection(url)
                status, data, usable = connection.exchange(method, url, headers, body())
            except (OSError, ValueError) as error:
                trouble = Trouble("%s: %s" % (type(error).__name__, error))
                continue
            if usable:
                self.kept[place] = connection
            return status, data
        raise trouble

    def get(self, address):
        return self.request("GET", address, [], lambda: ())

    def post(self, order, name, size, chunks):
        """Uploads an object of this size by a form (S3, "POST Object"). `chunks` makes its bytes."""
        # The job must not be able to end the form by what it prints.
        boundary = os.urandom(16).hex()
        fields = [("key", order.folder + name)] + order.fields
        part = '--%s\r\nContent-Disposition: form-data; name="%s"'
        head = "".join(part % (boundary, field) + "\r\n\r\n%s\r\n" % value for field, value in fields)
        head += part % (boundary, "file") + '; filename="%s"\r\n' % name
        head = (head + "Content-Type: application/octet-stream\r\n\r\n").encode()
        tail = ("\r\n--%s--\r\n" % boundary).encode()

        def body():
            yield head
            yield from chunks()
            yield tail

        headers = [
            "Content-Type: multipart/form-data; boundary=" + boundary,
            "Content-Length: %d" % (len(head) + size + len(tail)),
        ]
        status, data = self.request("POST", order.url, headers, body)
        if not 200 <= status < 300:
            raise Trouble("%d %s" % (status, said(data)), status)


def said(data):
    """The error in an answer of S3."""
    found = re.findall(rb"<(?:Code|Message)>([^<]*)<", data[:4096])
    return ": ".join(text.decode("utf-8", "replace") for text in found[:2])
