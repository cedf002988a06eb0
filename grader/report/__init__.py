"""A grade becomes a report for one reader, as text, HTML or JSON.

``build_report`` decides what the reader may see, and cleans every text that came from outside. What shows a report
afterwards shows all of it.
"""

from grader.report.content import Reader, Report, SubmissionInfo, build_report
from grader.report.data import to_json
from grader.report.junit import JunitFile
from grader.report.pages import to_html
from grader.report.terminal import to_text

__all__ = ["JunitFile", "Reader", "Report", "SubmissionInfo", "build_report", "to_html", "to_json", "to_text"]
