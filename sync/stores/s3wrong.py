"""Uploads with digests of other bytes, to see whether a server refuses them; in a process of its own.

boto3 alone can send wrong digests, and takes 30 MB that a run would keep to its end for two requests a day.

    python -m sync.stores.s3wrong      settings on its standard input, what was refused on its standard output, as JSON
"""

import asyncio
import json
import sys
from dataclasses import asdict
from typing import Final

from sync.stores.s3client import connect_boto
from sync.stores.settings import S3Settings

_SECONDS: Final = 60.0
Refused = tuple[bool | None, bool | None]
_UNKNOWN: Final[Refused] = (None, None)


async def refuses_wrong(settings: S3Settings, bucket: str, key: str) -> Refused:
    """Whether uploads with a wrong MD5, a wrong SHA-256 are refused; None where it could not be tried.

    Args:
        settings: of the bucket's store; they reach the other process by a pipe, never by its arguments.
        bucket: its name.
        key: what to write; removed again.
    """
    asked = json.dumps({"settings": asdict(settings), "bucket": bucket, "key": key}).encode()
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(_SECONDS):
            answer, _ = await process.communicate(asked)
    except TimeoutError:
        return _UNKNOWN
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        return _UNKNOWN
    md5, sha256 = json.loads(answer)
    return md5, sha256


def send_wrong(settings: S3Settings, bucket: str, key: str) -> Refused:
    """The same, here. Blocks."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - slow to import, needed here only

    client = connect_boto(settings)
    refused = []
    for digest in ({"ContentMD5": "A" * 22 + "=="}, {"ChecksumSHA256": "A" * 43 + "="}):
        try:
            client.put_object(Bucket=bucket, Key=key, Body=b"probe", **digest)
        except ClientError:
            refused.append(True)
        except BotoCoreError:  # no credentials that boto3 finds, no answer: nothing was learned
            return _UNKNOWN
        else:
            refused.append(False)
            client.delete_object(Bucket=bucket, Key=key)
    return refused[0], refused[1]


if __name__ == "__main__":
    given = json.load(sys.stdin)
    sys.stdout.write(json.dumps(send_wrong(S3Settings(**given["settings"]), given["bucket"], given["key"])))
