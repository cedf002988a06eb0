"""A grade becomes a report for one reader, as text, HTML or JSON; a class's grades become a class report.

``build_report`` decides what the reader may see, and cleans every text that came from outside. What shows a report
afterwards shows all of it.
"""

from grader.report.content import Reader, Report, SubmissionInfo, build_report
from grader.report.course import ClassReport, build_class_report
from grader.report.data import to_class_json, to_json
from grader.report.junit import JunitFile
from grader.report.pages import to_class_html, to_html
from grader.report.terminal import to_text

__all__ = [
    "ClassReport",
    "JunitFile",
    "Reader",
    "Report",
    "SubmissionInfo",
    "build_class_report",
    "build_report",
    "to_class_html",
    "to_class_json",
    "to_html",
    "to_json",
    "to_text",
]
