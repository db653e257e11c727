"""The uploader, second part: POST and GET at addresses that the runner has signed."""

import base64
import http.client
import urllib.parse

# Seconds that a connection, or the next byte of an answer, may take.
PATIENCE = 20
# Bytes of an answer, at most.
LONGEST = 65536


class Trouble(Exception):
    """Why a request came to nothing. `status` is that of HTTP, or 0 where there was no answer."""

    def __init__(self, why, status=0):
        super().__init__(re.sub("[^ -~]+", " ", why)[:200].strip())
        self.status = status


def proxy_for(url):
    """The proxy that the environment names for this URL, or None."""
    if not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    # It takes a megabyte of memory.
    import urllib.request

    address = urllib.request.getproxies().get(url.scheme)
    if not address or urllib.request.proxy_bypass(url.hostname):
        return None
    return urllib.parse.urlsplit(address if "//" in address else "//" + address)


class Route:
    """A connection to the host of a URL, directly or through a proxy."""

    context = None

    def __init__(self, url):
        proxy = proxy_for(url)
        self.headers, self.base = {}, ""
        at, login = url.netloc, {}
        if proxy:
            who, _, at = proxy.netloc.rpartition("@")
            if who:
                pair = urllib.parse.unquote(who).encode()
                login["Proxy-Authorization"] = "Basic " + base64.b64encode(pair).decode()
        if url.scheme == "https":
            import ssl

            Route.context = Route.context or ssl.create_default_context()
            self.connection = http.client.HTTPSConnection(at, timeout=PATIENCE, context=Route.context)
            if proxy:
                self.connection.set_tunnel(url.netloc, headers=login)
        else:
            self.connection = http.client.HTTPConnection(at, timeout=PATIENCE)
            if proxy:
                self.headers, self.base = login, "http://" + url.netloc

    def exchange(self, method, url, headers, chunks):
        """Status and beginning of the answer, and whether the connection can be used again."""
        self.connection.putrequest(method, self.base + urllib.parse.urlunsplit(("", "", url.path or "/", url.query, "")))
        for name, value in dict(headers, **self.headers).items():
            self.connection.putheader(name, value)
        self.connection.endheaders()
        try:
            for chunk in chunks:
                self.connection.send(chunk)
        except ConnectionError:
            pass  # S3 may refuse, and close, before it has all. Its answer says why.
        answer = self.connection.getresponse()
        data = answer.read(LONGEST)
        return answer.status, data, answer.isclosed() and not answer.will_close


class S3:
    """Requests, over connections that are kept."""

    def __init__(self):
        self.kept = {}

    def request(self, method, address, headers, body):
        """Status and beginning of the answer. `body` makes the chunks of the body, for each try anew: the other end may
        have closed a connection that was kept."""
        url = urllib.parse.urlsplit(address)
        place = url.scheme, url.netloc
        routes = [self.kept.pop(place)] if place in self.kept else []
        for route in routes + [None]:
            try:
                route = route or Route(url)
                status, data, usable = route.exchange(method, url, headers, body())
            except (OSError, ValueError, http.client.HTTPException) as error:
                trouble = Trouble("%s: %s" % (type(error).__name__, error))
                route and route.connection.close()
                continue
            if usable:
                self.kept[place] = route
            else:
                route.connection.close()
            return status, data
        raise trouble

    def get(self, address):
        return self.request("GET", address, {}, lambda: ())

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
