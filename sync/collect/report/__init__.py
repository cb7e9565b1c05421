"""Reports of submissions: what became of each file, why, and what to do; for people, for programs, and by mail.

    notes = await write_reports(config, state, inbox, submission, now, reporter)  # once its items are filed
    notes = await mail_reports(config, state, now, reporter)  # once, at the end of a run

Reports lie in the reports directory, ``DAC/submission-NUMBER.{txt,html,json,csv,ttl}`` with the DAC's page
``DAC/index.html``, and the same files in the ``report`` folder of the DAC's account. They are made out of the state
alone, so they can be made again; nothing in them comes from an exclusion list, and no path of this machine.
"""

from sync.collect.report.mail import mail_reports
from sync.collect.report.writing import write_reports

__all__ = ["mail_reports", "write_reports"]
