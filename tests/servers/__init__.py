"""Real servers on 127.0.0.1 for tests: FTP, FTPS, SFTP, HTTP, S3, Azure, GCS, in threads (their requests are logged),
by rclone, or by what is installed (vsftpd, proftpd, OpenSSH, Azurite); a test skips where its server is not.

Every context manager yields a `Server`; what it started ends with it.
"""

from tests.servers.azure import AZURITE_ACCOUNT, AZURITE_KEY, azure_azurite
from tests.servers.certificates import Signed, certificate
from tests.servers.ftp import WRITES, ftp_proftpd, ftp_pyftpdlib, ftp_rclone, ftp_vsftpd
from tests.servers.gcs import gcs_own
from tests.servers.running import PASSWORD, USER, Server, free_port, rclone
from tests.servers.s3 import s3_moto, s3_rclone
from tests.servers.sftp import sftp_openssh, sftp_rclone, ssh_key
from tests.servers.web import http_aiohttp, http_python, http_rclone

__all__ = [
    "AZURITE_ACCOUNT",
    "AZURITE_KEY",
    "PASSWORD",
    "USER",
    "WRITES",
    "Server",
    "Signed",
    "azure_azurite",
    "certificate",
    "free_port",
    "ftp_proftpd",
    "ftp_pyftpdlib",
    "ftp_rclone",
    "ftp_vsftpd",
    "gcs_own",
    "http_aiohttp",
    "http_python",
    "http_rclone",
    "rclone",
    "s3_moto",
    "s3_rclone",
    "sftp_openssh",
    "sftp_rclone",
    "ssh_key",
]
