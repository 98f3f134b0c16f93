"""The platform's log lines, against lines that AWS wrote."""

import json

from runner import report

ID = "8f507cfc-xmpl-4697-b07a-ac58fc914c95"


def test_a_cold_report_bills_init_and_duration_together():
    figures = report.make(duration_ms=395.99, init_ms=265.72, memory_size=512, max_memory_used=301)
    assert report.report_line(ID, figures) == (
        f"REPORT RequestId: {ID}\tDuration: 395.99 ms\tBilled Duration: 662 ms\tMemory Size: 512 MB\t"
        "Max Memory Used: 301 MB\tInit Duration: 265.72 ms\t\n"
    )


def test_a_warm_report_has_no_init_and_rounds_up():
    figures = report.make(duration_ms=15.01, init_ms=None, memory_size=128, max_memory_used=39)
    assert report.report_line(ID, figures) == (
        f"REPORT RequestId: {ID}\tDuration: 15.01 ms\tBilled Duration: 16 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 39 MB\t\n"
    )


def test_whole_milliseconds_are_not_rounded_up_further():
    assert report.billed(3000.0, None) == 3000
    assert report.billed(0.0, None) == 1
    assert report.billed(0.1 + 0.2, None) == 1


def test_a_timeout_shows_the_timeout_as_duration_and_says_so():
    figures = report.make(duration_ms=3012.7, init_ms=None, memory_size=128, max_memory_used=31, timeout_s=3)
    line = report.report_line(ID, figures, status="timeout")
    assert "Duration: 3000.00 ms\tBilled Duration: 3000 ms" in line
    assert line.endswith("Status: timeout\t\n")


def test_a_crash_names_its_error_type():
    figures = report.make(duration_ms=3, init_ms=None, memory_size=128, max_memory_used=31)
    line = report.report_line(ID, figures, status="error", error_type="Runtime.ExitError")
    assert line.endswith("Status: error\tError Type: Runtime.ExitError\t\n")


def test_start_and_end_lines():
    assert report.start_line(ID, "$LATEST") == f"START RequestId: {ID} Version: $LATEST\n"
    assert report.end_line(ID) == f"END RequestId: {ID}\n"


def test_in_json_the_platform_writes_events():
    figures = report.make(duration_ms=1.5, init_ms=2.25, memory_size=128, max_memory_used=31)
    event = json.loads(report.report_line(ID, figures, as_json=True, at_ms=0))
    assert event["type"] == "platform.report"
    assert event["time"] == "1970-01-01T00:00:00.000Z"
    assert event["record"]["metrics"] == {
        "durationMs": 1.5,
        "billedDurationMs": 4,
        "memorySizeMB": 128,
        "maxMemoryUsedMB": 31,
        "initDurationMs": 2.25,
    }


def test_the_tail_is_the_last_four_kilobytes_and_never_half_a_character():
    lines = ["é" * 3000 + "\n", "END\n"]
    tail = report.tail(lines)
    assert len(tail.encode()) <= 4096
    assert tail.endswith("é\nEND\n")
    assert report.tail(["a\n", "b\n"]) == "a\nb\n"
