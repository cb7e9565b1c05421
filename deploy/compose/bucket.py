"""Makes a bucket on an S3 server that has just begun: ``bucket.py ENDPOINT NAME``; fine when it is there already."""

import os
import sys
import time

import boto3
from botocore.exceptions import BotoCoreError, ClientError

_TRIES = 60


def main(endpoint: str, name: str) -> int:
    """Create the bucket, and wait up to a minute for the server."""
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=os.environ["GDAC_BUCKET_USER"],
        aws_secret_access_key=os.environ["GDAC_BUCKET_PASSWORD"],
    )
    for _ in range(_TRIES):
        try:
            client.create_bucket(Bucket=name)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
                return 0
            sys.stderr.write(f"{error}\n")
        except BotoCoreError:
            pass  # it does not listen yet
        else:
            return 0
        time.sleep(1)
    sys.stderr.write(f"{endpoint} does not answer\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
