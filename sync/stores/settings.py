"""How to talk to each kind of store: frozen, with defaults fit for public archives; secrets never show in a repr."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """How to use a local directory.

    Attributes:
        threads: most blocking calls at once.
        kept_levels: directories of the first so many levels stay though a delete empties them; 0: none does.
    """

    threads: int = 4
    kept_levels: int = 0


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
        ca_file: PEM file of the authorities to trust, instead of the system's; for servers with a certificate of their
            own. Certificates are always checked.
    """

    user: str | None = None
    password: str = field(default="", repr=False)
    connections: int = 16
    connect_seconds: float = 20.0
    read_seconds: float = 60.0
    contact: str = ""
    ca_file: str = ""


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
        ca_file: for ftps: PEM file of the authorities to trust, instead of the system's. Certificates are always
            checked.
        writes: it is an account that we may write in, see `sync.stores.ftpaccount`; else it is only read.
    """

    user: str = "anonymous"
    password: str = field(default="anonymous@", repr=False)
    connections: int = 8
    connect_seconds: float = 20.0
    read_seconds: float = 60.0
    pipeline: bool = True
    ca_file: str = ""
    writes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SftpSettings:
    """How to talk to an SFTP server. Its host key must be known beforehand: none is ever added.

    Attributes:
        user: account; empty for this process's user.
        password: its password, or the passphrase of the key; empty for none.
        key_file: private key to log in with; empty for none. No agent and no other keys are tried.
        known_hosts: file of the keys of hosts, as OpenSSH writes it; empty for ``~/.ssh/known_hosts``.
        fingerprint: of the host's key, ``SHA256:...`` as ``ssh-keygen -l`` shows it, instead of a file.
        connections: most connections at once, each with a thread of its own.
        connect_seconds: longest wait for a connection, and for the log-in.
        read_seconds: longest silence while bytes or an answer are due.
        stale_seconds: unfinished files of other runs that are older than this belong to runs that died.
        kept_levels: directories of the first so many levels stay though a delete empties them; 0: none does.
    """

    user: str = ""
    password: str = field(default="", repr=False)
    key_file: str = ""
    known_hosts: str = ""
    fingerprint: str = ""
    connections: int = 4
    connect_seconds: float = 20.0
    read_seconds: float = 60.0
    stale_seconds: float = 86_400.0
    kept_levels: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSettings:
    """What all object stores have in common.

    Attributes:
        endpoint: URL of the service; empty for the provider's own.
        anonymous: send no signature, for public buckets; nothing can be written then.
        allow_http: speak http to a server that is not on this machine: keys and data can be read on the way.
        ca_file: PEM file of one more authority to trust, for servers with a certificate of their own.
        single_part_bytes: objects up to this size go up in one request.
        part_bytes: size of the parts of larger ones.
        parts_in_flight: parts of one object travelling at once; bounds memory.
        connect_seconds: longest wait for a connection.
        read_seconds: longest silence while bytes or an answer are due.
        retries: tries after the first, by the data path itself, on 5xx and broken connections.
    """

    endpoint: str = ""
    anonymous: bool = False
    allow_http: bool = False
    ca_file: str = ""
    single_part_bytes: int = 8 << 20
    part_bytes: int = 8 << 20
    parts_in_flight: int = 2
    connect_seconds: float = 20.0
    read_seconds: float = 60.0
    retries: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Settings(ObjectSettings):
    """How to talk to S3 or a server that speaks like it; see `ObjectSettings` too.

    The endpoint, when empty, is AWS's (or ``AWS_ENDPOINT_URL_S3``, ``AWS_ENDPOINT_URL``).

    Attributes:
        region: the bucket's region; empty for ``AWS_REGION`` or ``AWS_DEFAULT_REGION``, else us-east-1.
        path_style: ``endpoint/bucket/key`` addresses, or ``bucket.endpoint/key``; None: the first for an endpoint.
        access_key: access key id; empty for the standard AWS variables and roles.
        secret_key: its secret.
        session_token: of temporary credentials.
    """

    region: str = ""
    path_style: bool | None = None
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    session_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GcsSettings(ObjectSettings):
    """How to talk to Google Cloud Storage; see `ObjectSettings` too.

    Attributes:
        credentials_file: JSON file of a service account or of application default credentials; empty for
            ``GOOGLE_APPLICATION_CREDENTIALS``, else what the machine's role gives.
    """

    credentials_file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureSettings(ObjectSettings):
    """How to talk to Azure Blob Storage; see `ObjectSettings` too.

    Attributes:
        account: storage account; empty for ``AZURE_STORAGE_ACCOUNT_NAME``.
        access_key: its key; empty for ``AZURE_STORAGE_ACCOUNT_KEY``, else what the machine's role gives.
        sas_token: a shared access signature instead of a key; empty for ``AZURE_STORAGE_SAS_TOKEN``.
    """

    account: str = ""
    access_key: str = field(default="", repr=False)
    sas_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Settings of every kind of store; the URL decides which of them is used."""

    local: LocalSettings = LocalSettings()
    http: HttpSettings = HttpSettings()
    ftp: FtpSettings = FtpSettings()
    sftp: SftpSettings = SftpSettings()
    s3: S3Settings = S3Settings()
    gcs: GcsSettings = GcsSettings()
    azure: AzureSettings = AzureSettings()
