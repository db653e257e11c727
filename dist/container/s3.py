"""The uploader, second part: POST and GET at addresses that the runner has signed."""

import base64
import http.client
import io
import urllib.parse

# Seconds that a connection, or the next byte of an answer, may take.
PATIENCE = 20
# Bytes of an answer's body that are read, and all bytes that may come before its end.
READ_BYTES, MOST_BYTES = 65536, 1 << 18
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
    import urllib.request  # Only jobs with a proxy pay for it.

    address = urllib.request.getproxies().get(url.scheme)
    if not address or urllib.request.proxy_bypass(url.hostname):
        return None
    return urllib.parse.urlsplit(address if "//" in address else "//" + address)


class Bounded(io.RawIOBase):
    """An answer that ends after MOST_BYTES. http.client itself reads any number of interim answers, chunks and trailers."""

    def __init__(self, file):
        self.file, self.left = file, MOST_BYTES

    def readable(self):
        return True

    def readinto(self, buffer):
        data = self.file.read1(min(len(buffer), self.left)) if self.left else b""
        buffer[: len(data)] = data
        self.left -= len(data)
        return len(data)

    def close(self):
        self.file.close()
        super().close()


class Answer(http.client.HTTPResponse):
    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.fp = io.BufferedReader(Bounded(self.fp))


def connect(url):
    """A connection to the host of a URL, directly or through a proxy."""
    proxy = proxy_for(url)
    at, login = proxy or url, {}
    if proxy and proxy.username:
        pair = "%s:%s" % (proxy.username, proxy.password or "")
        login["Proxy-Authorization"] = "Basic " + base64.b64encode(urllib.parse.unquote(pair).encode()).decode()
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(at.hostname, at.port or PORTS[at.scheme], timeout=PATIENCE)
    connection.response_class = Answer
    if proxy and url.scheme == "https":
        connection.set_tunnel(url.hostname, url.port or 443, login)
    is_plain = proxy and url.scheme == "http"
    connection.base, connection.login = ("http://" + url.netloc, login) if is_plain else ("", {})
    connection.connect()
    return connection


def exchange(connection, method, url, headers, body):
    """Status and beginning of the answer."""
    target = urllib.parse.urlunsplit(("", "", url.path or "/", url.query, ""))
    try:
        connection.request(method, connection.base + target, body, dict(headers, **connection.login))
    except ConnectionError:
        pass  # S3 may refuse, and close, before it has all. Its answer says why.
    answer = connection.getresponse()
    data = answer.read(READ_BYTES)
    if not answer.isclosed():
        connection.close()  # There is more of it.
    return answer.status, data


class S3:
    """Requests, over connections that are kept."""

    def __init__(self):
        self.kept = {}

    def request(self, method, address, headers, body):
        """Status and beginning of the answer. There is a second try, because the other end may have closed a connection that was
        kept. `body` makes the chunks of the body for each try."""
        url = urllib.parse.urlsplit(address)
        place = url.scheme, url.netloc
        while True:
            connection = kept = self.kept.pop(place, None)
            try:
                connection = connection or connect(url)
                answer = exchange(connection, method, url, headers, body())
                if connection.sock:
                    self.kept[place] = connection
                return answer
            except (OSError, ValueError, http.client.HTTPException) as error:
                if connection:
                    connection.close()
                if not kept:
                    raise Trouble("%s: %s" % (type(error).__name__, error))

    def get(self, address):
        return self.request("GET", address, {}, lambda: None)

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

        headers = {
            "Content-Type": "multipart/form-data; boundary=" + boundary,
            "Content-Length": str(len(head) + size + len(tail)),
        }
        status, data = self.request("POST", order.url, headers, body)
        if not 200 <= status < 300:
            raise Trouble("%d %s" % (status, said(data)), status)


def said(data):
    """The error in an answer of S3."""
    found = re.findall(rb"<(?:Code|Message)>([^<]*)<", data[:4096])
    return ": ".join(text.decode("utf-8", "replace") for text in found[:2])
