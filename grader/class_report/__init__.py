"""A class's grades become a report for its instructors: pages, tables and JSON.

``read_class`` reads the gradebook, ``build_class_report`` works everything out, and cleans every text from outside;
what shows it afterwards shows all of it.
"""

from grader.class_report.content import ClassReport, build_class_report
from grader.class_report.data import to_class_json
from grader.class_report.earlier import Comparison, Term, read_term
from grader.class_report.site import INDEX, SiteFile, compare, plan_links, plan_site
from grader.class_report.sources import AssignmentSource, ClassSource, read_class
from grader.class_report.writing import write_site

__all__ = [
    "INDEX",
    "AssignmentSource",
    "ClassReport",
    "ClassSource",
    "Comparison",
    "SiteFile",
    "Term",
    "build_class_report",
    "compare",
    "plan_links",
    "plan_site",
    "read_class",
    "read_term",
    "to_class_json",
    "write_site",
]
