"""As much of curl as docs/graphql.md uses, so that its commands also run where there is no curl."""

import argparse
import sys
import urllib.error
import urllib.request
from pathlib import Path


def main() -> None:
    """Send one POST and print the answer, whatever its status."""
    asked = _parser().parse_args()
    content = sys.stdin.buffer.read() if asked.data == "@-" else asked.data.encode()
    headers = dict(line.split(": ", 1) for line in asked.header)
    if asked.cookie and Path(asked.cookie).exists():
        headers["Cookie"] = Path(asked.cookie).read_text()
    request = urllib.request.Request(  # noqa: S310 - the page's own addresses
        asked.url, content.replace(b"\r", b"").replace(b"\n", b""), headers, method="POST"
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        response = opener.open(request)
    except urllib.error.HTTPError as refusal:
        response = refusal
    with response:
        if asked.cookie_jar and response.headers["set-cookie"]:
            Path(asked.cookie_jar).write_text(response.headers["set-cookie"].partition(";")[0])
        sys.stdout.buffer.write(response.read())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("-s", "--silent", action="store_true")
    parser.add_argument("-S", "--show-error", action="store_true")
    parser.add_argument("-H", "--header", action="append", default=[])
    parser.add_argument("-d", "--data", required=True)
    parser.add_argument("-b", "--cookie")
    parser.add_argument("-c", "--cookie-jar")
    return parser


if __name__ == "__main__":
    main()
