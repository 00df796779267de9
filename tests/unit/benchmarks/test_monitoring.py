"""The benchmark's records are what data capture writes."""

from benchmarks.monitoring.records import DAY, SPEC, write_records
from processing.monitoring.captured import CaptureStream


def test_generated_records_are_read_whole(tmp_path):
    write_records(tmp_path, 100)

    stream = CaptureStream(tmp_path, day=DAY, spec=SPEC, model_version="1")
    batches = list(stream)

    assert (stream.counts["requests"], stream.counts["broken_lines"]) == (100, 0)
    assert len({name for batch in batches for name in batch.ids}) == 100
    assert {len(batch.frame.columns) for batch in batches} == {40}
