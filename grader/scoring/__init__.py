"""Checks, a run and answers become a grade; grades, the policy and what people decide become a final grade.

Pure and exact: amounts are fractions, and nothing is rounded here.
"""

from grader.scoring.attempts import (
    Attempt,
    NextAttempt,
    Standing,
    counting_attempts,
    find_next_attempt,
    find_teammates,
    judge_attempts,
)
from grader.scoring.final import AttemptGrade, FinalGrade, check_override, choose_attempt, settle
from grader.scoring.grades import (
    CheckGrade,
    CriterionGrade,
    Grade,
    QuestionGrade,
    Status,
    grade_from_json,
    grade_to_json,
)
from grader.scoring.lateness import count_units, due_date, is_cut_off, measure_lateness, penalise
from grader.scoring.marks import apply_marks, check_mark, score_rubric
from grader.scoring.questions import score_submission

__all__ = [
    "Attempt",
    "AttemptGrade",
    "CheckGrade",
    "CriterionGrade",
    "FinalGrade",
    "Grade",
    "NextAttempt",
    "QuestionGrade",
    "Standing",
    "Status",
    "apply_marks",
    "check_mark",
    "check_override",
    "choose_attempt",
    "count_units",
    "counting_attempts",
    "due_date",
    "find_next_attempt",
    "find_teammates",
    "grade_from_json",
    "grade_to_json",
    "is_cut_off",
    "judge_attempts",
    "measure_lateness",
    "penalise",
    "score_rubric",
    "score_submission",
    "settle",
]
