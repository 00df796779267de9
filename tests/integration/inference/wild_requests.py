"""Make wild requests: bytes, types, sizes and headers that no honest client sends; a seed makes the same ones again."""

import io
import json
import random

import pyarrow as pa
import pyarrow.parquet as pq

from tests.prepared_data import SPEC, flights

NAMES = list(SPEC.names)
TYPES = ("text/csv", "application/json", "application/jsonlines", "application/x-parquet")
FRAME = flights(6, seed=1)[NAMES]
BODIES = {
    "text/csv": FRAME.to_csv(index=False).encode(),
    "application/json": FRAME.to_json(orient="records").encode(),
    "application/jsonlines": FRAME.to_json(orient="records", lines=True).encode(),
    "application/x-parquet": FRAME.to_parquet(index=False),
}
TEXTS = (
    "", "NaN", "-inf", "1e999", "1_0", "٣", "\u2028", "\ud800", "=1+1", '"', "'", "\0", "AA", "null", "0x10",
    "🛫", "%s%n", "../../etc/passwd", "<script>", "a" * 5000, "9" * 400, "-", ".", "\\u0000", "{}",
    "sched_dep_time", "hour",
)  # fmt: skip


def wild_requests(count, seed):
    """Yield the bytes of one connection each."""
    rng = random.Random(seed)
    for _ in range(count):
        yield rng.choices(
            (_noise, _any_body, _mutated, _wild_json, _wild_csv, _wild_parquet, _wild_head, _pipelined),
            weights=(1, 2, 5, 5, 5, 2, 4, 1),
        )[0](rng)


def _noise(rng):
    return rng.randbytes(rng.choice((0, 1, 10, 1000, 70_000)))


def _any_body(rng):
    size = rng.choice((0, 1, 100, 10_000, 1_000_000))
    body = rng.choice(
        (rng.randbytes(min(size, 10_000)), b"{" * size, b"[" * size, b'"' * size, b"\n" * size, b"," * size)
    )
    return _request(rng, body)


def _mutated(rng):
    kind = rng.choice(TYPES)
    body = bytearray(BODIES[kind])
    for _ in range(rng.randrange(6)):
        at = rng.randrange(len(body))
        change = rng.randrange(4)
        if change == 0:
            body[at] = rng.randrange(256)
        elif change == 1:
            del body[at : at + rng.randrange(1, 20)]
        elif change == 2:
            body[at:at] = body[at : at + rng.randrange(1, 50)]
        else:
            body[at:at] = rng.choice(TEXTS).encode(errors="surrogatepass")
        body = body or bytearray(b"x")
    return _request(rng, bytes(body), kind)


def _wild_json(rng):
    kind = rng.choice(("application/json", "application/jsonlines"))
    rows = [_row(rng) for _ in range(rng.choice((0, 1, 1, 2, 30)))]
    lines = [_json(row, rng) for row in rows]
    text = "\n".join(lines) if kind == "application/jsonlines" else f"[{','.join(lines)}]"
    if rng.random() < 0.2:
        text = f'{{"instances": {text}}}'
    return _request(rng, text.encode(errors="surrogatepass"), kind)


def _row(rng):
    if rng.random() < 0.1:
        return _value(rng, 3)
    names = [*NAMES, *rng.sample([*TEXTS, "sched_dep_time", "year", "origin", "flight_id", "label", "wl_temp"], 2)]
    return {name: _value(rng, 2) for name in names if rng.random() < 0.8}


def _json(value, rng):
    text = json.dumps(value)
    return text.replace("}", ', "hour": 1}', 1) if rng.random() < 0.1 else text


def _value(rng, depth):
    choice = rng.randrange(12)
    if choice < 5:
        return rng.choice(
            (0, -1, 2.5, 1e38, 1e39, -1e308, 10**30, 10 ** rng.choice((3, 400)), float("nan"), float("inf"))
        )
    if choice < 9:
        return rng.choice(TEXTS)
    if choice == 9 and depth:
        return [_value(rng, depth - 1) for _ in range(rng.randrange(4))]
    if choice == 10 and depth:
        return {rng.choice(TEXTS): _value(rng, depth - 1) for _ in range(rng.randrange(4))}
    return rng.choice((None, True, False))


def _wild_csv(rng):
    rows = rng.choice((0, 1, 1, 3, 40))
    cells = [[_cell(rng) for _ in range(rng.choice((4, 4, 4, 4, 3, 5)))] for _ in range(rows)]
    header = [rng.sample(NAMES, 4), [*NAMES[:3], rng.choice(TEXTS)], ["sched_dep_time", *NAMES[:3]]]
    if rng.random() < 0.5:
        cells.insert(0, rng.choice(header))
    end = rng.choice(("\n", "\n", "\r\n", "\r", "\n\n"))
    return _request(rng, end.join(",".join(row) for row in cells).encode(errors="surrogatepass"), "text/csv")


def _cell(rng):
    return rng.choice(TEXTS) if rng.random() < 0.15 else rng.choice(("1", "2.5", "-3", "AA", "B6", "", "1e3"))


def _wild_parquet(rng):
    rows = rng.choice((0, 1, 20))
    kinds = (pa.float32(), pa.float64(), pa.int64(), pa.string(), pa.bool_(), pa.null(), pa.binary(), pa.date32())
    names = rng.sample([*NAMES, *NAMES, "sched_dep_time", "x"], rng.randrange(1, 7)) if rng.random() < 0.5 else NAMES
    columns = [pa.array([None] * rows, rng.choice(kinds)) for _ in names]
    target = io.BytesIO()
    pq.write_table(
        pa.Table.from_arrays(columns, names=names), target, compression=rng.choice(("none", "snappy", "gzip"))
    )
    return _request(rng, target.getvalue(), "application/x-parquet")


def _wild_head(rng):
    body = BODIES["application/json"]
    lines = [
        rng.choice(
            (b"POST /invocations", b"GET /ping", b"PUT /\xff", b"post /invocations", b"CONNECT x:1", b"OPTIONS *")
        )
        + rng.choice((b" HTTP/1.1", b" HTTP/1.0", b" HTTP/0.9", b"", b" HTTP/11", b" FTP/1.1"))
    ]
    extra = (
        b"Content-Length: "
        + rng.choice((b"0", b"5", b"-1", b"x", b"99999999999999999999", b"6291457", b"%d" % len(body))),
        b"Transfer-Encoding: " + rng.choice((b"chunked", b"gzip", b"chunked, chunked", b"\0")),
        b"Content-Type: "
        + rng.choice((b"application/json", b"\xff\xfe", b"text/csv; charset=\xe9", b"a" * 9000, b"", b";;;")),
        b"Accept: " + rng.choice((b"*/*", b"text/csv;q=nan", b",,,", b"\xff", b"image/png", b"a/b," * 3000)),
        b"Expect: " + rng.choice((b"100-continue", b"x", b"")),
        b"Connection: " + rng.choice((b"close", b"keep-alive", b"upgrade", b"\x01")),
        b"Upgrade: websocket",
        b"X-Amzn-SageMaker-Inference-Id: " + rng.randbytes(20).hex().encode(),
        rng.randbytes(10),
        b"A" * 70_000 + b": b",
        b": nameless",
        b" folded",
    )
    lines += rng.sample(extra, rng.randrange(8))
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    return (
        b"\r\n".join(lines)
        + b"\r\n\r\n"
        + rng.choice((body, b"", chunked, chunked[: rng.randrange(len(chunked))], b"zz\r\n"))
    )


def _pipelined(rng):
    return b"".join(_request(rng, BODIES[kind], kind) for kind in rng.choices(TYPES, k=rng.randrange(2, 30)))


def _request(rng, body, kind=None):
    kind = kind if kind and rng.random() < 0.9 else rng.choice((*TYPES, "text/html", ""))
    accept = rng.choice(("*/*", "text/csv", "application/json", "application/jsonlines", "image/png", "text/*;q=0.1"))
    head = f"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nAccept: {accept}\r\n"
    if rng.random() < 0.2:
        return head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + _chunks(rng, body)
    return head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body


def _chunks(rng, body):
    step = rng.choice((1_000, 7, 100_000)) if len(body) < 10_000 else 100_000
    parts = [body[at : at + step] for at in range(0, len(body), step)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
