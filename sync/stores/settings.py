"""How to talk to each kind of store: frozen, with defaults fit for public archives; secrets never show in a repr."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """How to use a local directory.

    Attributes:
        threads: most blocking calls at once.
    """

    threads: int = 4


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """How to talk to a web server.

    Attributes:
        user: account for basic authentication, which is sent over https only; None for none.
        password: its password.
        connections: most connections at once.
        connect_seconds: longest wait for a connection.
        read_seconds: longest silence while bytes or an answer are due.
        contact: who runs this mirror (an address or URL), told to the server in ``User-Agent``.
    """

    user: str | None = None
    password: str = field(default="", repr=False)
    connections: int = 16
    connect_seconds: float = 20.0
    read_seconds: float = 60.0
    contact: str = ""


@dataclass(frozen=True, slots=True)
class FtpSettings:
    """How to talk to an FTP server.

    Attributes:
        user: account.
        password: its password.
        connections: most connections at once; public servers often allow 8 to 10 from one address.
        connect_seconds: longest wait for a connection, and for the log-in.
        read_seconds: longest silence while bytes or an answer are due.
        pipeline: send independent questions together; off for a server that loses some.
    """

    user: str = "anonymous"
    password: str = field(default="anonymous@", repr=False)
    connections: int = 8
    connect_seconds: float = 20.0
    read_seconds: float = 60.0
    pipeline: bool = True


@dataclass(frozen=True, slots=True)
class S3Settings:
    """How to talk to S3 or a server that speaks like it.

    Attributes:
        endpoint: URL of an S3-compatible server; empty for AWS (or ``AWS_ENDPOINT_URL_S3``, ``AWS_ENDPOINT_URL``).
        region: the bucket's region; empty for ``AWS_REGION`` or ``AWS_DEFAULT_REGION``, else us-east-1.
        path_style: ``endpoint/bucket/key`` addresses, or ``bucket.endpoint/key``; None: the first for an endpoint.
        anonymous: send no signature, for public buckets.
        access_key: access key id; empty for the standard AWS variables and roles.
        secret_key: its secret.
        session_token: of temporary credentials.
        allow_http: speak http to a server that is not on this machine: keys and data can be read on the way.
        single_part_bytes: objects up to this size go up in one request, and their ETag is their MD5.
        part_bytes: size of the parts of larger ones.
        parts_in_flight: parts of one object travelling at once; bounds memory.
        connect_seconds: longest wait for a connection.
        read_seconds: longest silence while bytes or an answer are due.
        retries: tries after the first, by the data path itself, on 5xx and broken connections.
    """

    endpoint: str = ""
    region: str = ""
    path_style: bool | None = None
    anonymous: bool = False
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    session_token: str = field(default="", repr=False)
    allow_http: bool = False
    single_part_bytes: int = 8 << 20
    part_bytes: int = 8 << 20
    parts_in_flight: int = 2
    connect_seconds: float = 20.0
    read_seconds: float = 60.0
    retries: int = 3


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Settings of every kind of store; the URL decides which of them is used."""

    local: LocalSettings = LocalSettings()
    http: HttpSettings = HttpSettings()
    ftp: FtpSettings = FtpSettings()
    s3: S3Settings = S3Settings()
