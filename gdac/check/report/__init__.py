"""Reports of a check: one writer per format, fed result by result, so that memory does not grow with the batch.

    with open_report(Format.JSONL, stream) as report:
        for result in results:
            report.add(result)
    report.tally.refused

Every format names the versions of checker, format specification and reference tables.
"""

from gdac.check.report.formats import Format, Report, open_report
from gdac.check.report.tally import Tally

__all__ = ["Format", "Report", "Tally", "open_report"]
