"""How outcomes and scores are put into words: the same ones in the terminal and on a page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from grader.diagnosis import Diagnosis
from grader.display import UNDECIDED, format_amount, format_moment, format_points
from grader.report.content import Reader, Report, is_code
from grader.report.context import Excerpt
from grader.results import SHADOW, STAND_IN, Frame, Outcome, Visibility
from grader.scoring import CheckGrade, CriterionGrade, FinalGrade, Grade, QuestionGrade, Status


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a check or an answer came out: a short word for the terminal, a label for a page, and which colours."""

    word: str
    label: str
    tone: str


VERDICTS = {
    Outcome.PASSED: Verdict("pass", "passed", "passed"),
    Outcome.FAILED: Verdict("FAIL", "wrong", "wrong"),
    Outcome.TIMED_OUT: Verdict("slow", "timed out", "slow"),
    Outcome.CRASHED: Verdict("crash", "crashed", "crashed"),
    Outcome.ERRORED: Verdict("error", "check broke", "ours"),
    Outcome.NOT_RUN: Verdict("not run", "not run", "open"),
}
DEFERRED = Verdict("deferred", "deferred", "waiting")
STATUSES = {
    Status.GRADED: Verdict("graded", "graded", "passed"),
    Status.NEEDS_REVIEW: Verdict("review", "needs review", "waiting"),
    Status.PENDING: Verdict("pending", "pending", "ours"),
    Status.UNANSWERED: Verdict("blank", "no answer", "open"),
}
NOT_GRADED = Verdict("waits", "not graded yet", "open")  # submissions only
UNREADABLE = Verdict("unclear", "not readable", "wrong")
ANSWERED = Verdict("answered", "answered", "open")
RIGHT = Verdict("pass", "right", "passed")
PARTLY = Verdict("partly", "partly right", "slow")
WRONG = Verdict("FAIL", "wrong", "wrong")
_TO_MEND = ("wrong", "slow", "crashed")
MOST_ATTEMPTS = 12
MOST_FRAMES = 4

_EXPLANATIONS = {
    Outcome.TIMED_OUT: "It was stopped: it took too long.",
    Outcome.CRASHED: "The program died while this check ran.",
    Outcome.ERRORED: "This check itself broke: a fault on our side, which costs you nothing.",
}
_DEFERRED = "This machine cannot run this check. Its points are kept for one that can."
_DEVICES = {SHADOW: STAND_IN}
NO_CHECKS = "It has no public checks."
PENDING_TITLE = "A fault on our side"


def diagnosis_title(found: Diagnosis) -> str:
    """Return a line for the terminal that names a known mistake, and says what shows it."""
    if not found.code:
        return f"An answer points at a known mistake: {found.title}"
    return f"Computes like a known mistake{', as an answer says' if found.quiz else ''}: {found.title}"


def diagnosis_source(found: Diagnosis) -> str:
    """Return a sentence that says what shows a known mistake."""
    if not found.code:
        return "An answer that was picked rests on this known mistake."
    also = ", and an answer that was picked rests on it, too" if found.quiz else ""
    return f"The code computes what this known mistake computes{also}."


def check_verdict(check: CheckGrade) -> Verdict:
    """Return how a check came out."""
    return DEFERRED if check.deferred else VERDICTS[check.outcome]


def answer_verdict(report: Report, question: QuestionGrade) -> Verdict:
    """Return how the answer to a quiz question came out; before submitting, only whether there is one."""
    if question.status is Status.UNANSWERED or question.answer is None:
        return UNREADABLE if question.message else STATUSES[Status.UNANSWERED]
    if not report.complete:
        return ANSWERED
    if question.status is not Status.GRADED:
        return STATUSES[question.status]
    if question.score >= question.points:
        return RIGHT
    return PARTLY if question.score > 0 else WRONG


def check_explanation(check: CheckGrade) -> str | None:
    """Return what a reader is told of a check that did not pass: its message, or what its outcome says."""
    if check.outcome is Outcome.PASSED and not check.deferred:
        return None
    return check.message or (_DEFERRED if check.deferred else _EXPLANATIONS.get(check.outcome))


def shown_frames(report: Report, frames: tuple[Frame, ...]) -> list[tuple[Frame, Excerpt | None]]:
    """Return the last places in the student's code, innermost last, each with the lines around it where known."""
    excerpts = report.context.excerpts
    return [(frame, excerpts.get((frame.file, frame.line))) for frame in frames[-MOST_FRAMES:]]


@dataclass(frozen=True, slots=True)
class SharedEnd:
    """What is told once of checks that all ended in the same place."""

    explanation: str
    frames: tuple[Frame, ...]
    detail: str | None


def shared_end(question: QuestionGrade) -> SharedEnd | None:
    """Return what is told of a question's checks where all ended in the same place, so that it is said once.

    Such as a file that could not be imported, or a stub that raises: then no check has anything of its own to say,
    not even a hint. Values that are wrong alike are no such thing.
    """
    decided = [check for check in question.checks if not check.deferred]
    told = {(check.outcome, check_explanation(check), check.frames[-1:]) for check in decided}
    details = {check_detail(check) for check in decided} - {None}
    if len(question.checks) < 2 or len(told) != 1 or len(details) > 1:
        return None
    ((outcome, explanation, place),) = told
    ended = outcome in (Outcome.CRASHED, Outcome.TIMED_OUT) or (outcome is Outcome.FAILED and place)
    return SharedEnd(explanation, place, next(iter(details), None)) if ended and explanation else None


def check_detail(check: CheckGrade) -> str | None:
    """Return the detail of a check that did not pass, unless its message says the same."""
    if check.outcome is Outcome.PASSED or not check.detail:
        return None
    detail, message = check.detail.strip(), (check.message or "").strip()
    repeats = bool(message) and (detail in message or detail.endswith(message))
    return None if repeats else check.detail


def check_tags(report: Report, check: CheckGrade) -> list[str]:
    """Return what sets a check apart from a public one on the CPU that counts."""
    hidden = report.complete and check.visibility is Visibility.HIDDEN
    tags = ["hidden"] if hidden else []
    tags += ["bonus"] if check.bonus else []
    return tags + ([_DEVICES.get(check.device, check.device)] if check.device != "cpu" else [])


def check_amount(check: CheckGrade, question: QuestionGrade) -> str:
    """Return ``score / points`` of a check; a dash for a score that is not decided yet."""
    undecided = check.deferred or check.outcome is Outcome.ERRORED
    undecided |= question.status is Status.PENDING and check.outcome is Outcome.NOT_RUN
    return _amount(None if undecided else check.score, check.points)


def question_amount(report: Report, question: QuestionGrade) -> str:
    """Return ``score / points`` of a question; a dash for a score that is not decided yet."""
    decided = is_code(question) or question.status in (Status.GRADED, Status.UNANSWERED)
    if not report.complete and not is_code(question):
        decided = False
    return _amount(question.score if decided else None, question.points)


def _amount(score: Fraction | None, points: Fraction) -> str:
    return f"{UNDECIDED if score is None else format_amount(score)} / {format_amount(points)}"


def total_sentences(report: Report) -> list[str]:
    """Return what the report comes to, in words: the score, the bonus and what still waits."""
    grade = report.grade
    if not report.complete:
        score = public_sentence(report)
    else:
        so_far = " so far" if grade.status is not Status.GRADED else ""
        bonus = f", and {_bonus(grade)}" if grade.bonus_points else ""
        score = f"{format_amount(grade.score)} of {format_points(grade.points)}{so_far}{bonus}."
    broken = [f"{PENDING_TITLE}: {pending_text(report)}"] if grade.status is Status.PENDING else []
    return [score, *_waiting_sentences(report), *broken]


def final_sentences(report: Report) -> list[str]:
    """Return what counts in the end, in words: lateness as arithmetic, which attempt, what somebody decided.

    Nothing, where this submission counts with the score that it has.
    """
    final = report.final
    if final is None:
        return []
    own = final.attempt is not None and final.attempt.submission == report.info.id
    told = [f"{final.penalty[:1].upper()}{final.penalty[1:]}."] if final.penalty and own else []
    told += final.notes
    if not own and final.number is not None and not final.notes:
        told.append(f"Attempt {final.number} counts.")
    if final.override is not None:
        why = f": {final.override.why.removesuffix('.')}" if final.override.why else ""
        told.append(f"An instructor decided what counts{why}.")
    if final.limit is not None:
        told.append(f"{final.used} of {final.limit} {'attempt' if final.limit == 1 else 'attempts'} used.")
    score = final.score if final.status is not None else None
    if score is not None and (not own or (final.score, final.bonus) != (report.grade.score, report.grade.bonus)):
        bonus = f" and {_bonus(final)}" if final.bonus_points else ""
        told.append(f"What counts: {format_amount(score)} of {format_points(final.points)}{bonus}.")
    return told


def next_steps(report: Report) -> list[str]:
    """Return what a student can do now, in the order to do it; nothing for an instructor."""
    if report.reader is not Reader.STUDENT:
        return []
    grade = report.grade
    if grade.status is Status.PENDING and report.complete:
        return ["There is nothing for you to do: it will be graded again, and costs you no attempt."]
    first = first_wrong(report)
    if first is None:
        return _steps_of_right_work(report)
    final = report.final
    if final is not None and final.status is Status.GRADED and final.score >= final.points > 0:
        own = final.attempt is not None and final.attempt.submission == report.info.id
        return [] if own else ["There is nothing left to do: what counts has full marks."]
    title = first.title.rstrip(".")
    steps = [f"Start with \u201c{title}\u201d: what was seen is told there."]
    if not report.complete:
        return [*steps, "Change your code and run `grader check` again."]
    if closed := closed_sentence(report):
        return [*steps, closed]
    code = any(is_code(question) for question in grade.questions)
    check = "Run `grader check` until it is content, then hand in" if code else "Hand in"
    left = _attempts_left(report)
    return [*steps, f"{check} once more with `grader submit`{left}."]


def closed_sentence(report: Report) -> str | None:
    """Return that another attempt would not count, and why, where that is so."""
    closed = report.context.closed
    return f"Another attempt would not count: {closed}. This score stands." if closed else None


def _steps_of_right_work(report: Report) -> list[str]:
    grade = report.grade
    if not report.complete:
        blank = sum(answer_verdict(report, q) is STATUSES[Status.UNANSWERED] for q in grade.questions if not is_code(q))
        answer = f"{blank} {'question has' if blank == 1 else 'questions have'} no answer yet." if blank else None
        return [
            *filter(None, [answer]),
            "Hand in with `grader submit`: hidden checks run, and answers are graded, then.",
        ]
    if grade.status is Status.NEEDS_REVIEW:
        return ["There is nothing for you to do: a person reads what you wrote."]
    return []


def _attempts_left(report: Report) -> str:
    final = report.final
    if final is None or final.limit is None:
        return ""
    left = final.limit - final.used
    return f" ({left} {'attempt' if left == 1 else 'attempts'} left)" if left > 0 else ""


def attempts_line(report: Report) -> str | None:
    """Return what the attempts so far earned, in words; nothing where there is only one."""
    attempts = report.context.attempts
    if len(attempts) < 2:
        return None
    shown = attempts[-MOST_ATTEMPTS:]
    scores = ", ".join(UNDECIDED if one.status is None else format_amount(one.score) for one in shown)
    earlier = f"the last {len(shown)} of {len(attempts)}: " if len(shown) < len(attempts) else ""
    return f"Attempts so far: {earlier}{scores} of {format_points(shown[-1].points)}."


def feedback_sentence(report: Report) -> str | None:
    """Return when what is said of answers will be told, while it is not."""
    moment = report.context.feedback_from
    if moment is None:
        return None
    return f"What is said of each answer is shown after {format_moment(moment)}."


def chosen_letters(question: QuestionGrade) -> frozenset[str]:
    """Return the letters of the choices that were picked."""
    return frozenset(part.strip() for part in (question.answer or "").split(","))


def pending_text(report: Report) -> str:
    """Return what a fault of ours means to a student."""
    if not report.complete:
        return "a check could not be run. Your code is not to blame; it will be graded all the same when you submit."
    return "part of the grading failed. It costs you nothing: your submission is kept, and will be graded again."


def side_sentences(report: Report) -> list[str]:
    """Return what a page says below the score: the bonus and what still waits."""
    bonus = [f"On top: {_bonus(report.grade)}."] if report.grade.bonus_points else []
    return [*bonus, *_waiting_sentences(report)]


def public_sentence(report: Report) -> str:
    """Return how the public checks went. It never says "all passed": the hidden ones have not been run."""
    grade = report.grade
    checks = [check for question in grade.questions for check in question.checks]
    passed = sum(check_verdict(check) is VERDICTS[Outcome.PASSED] for check in checks)
    if not any(is_code(question) for question in grade.questions):
        answered = sum(answer_verdict(report, question) is ANSWERED for question in grade.questions)
        return f"{answered} of {len(grade.questions)} questions answered."
    if not checks:
        return "There are no public checks here."
    points = f"{format_amount(grade.score)} of {format_points(grade.points)}"
    if passed == len(checks):
        return f"Public checks passed: {passed} of {passed}, {points}."
    return f"{passed} of {len(checks)} public checks passed, {points}."


def encouragement(report: Report) -> str:
    """Return a sentence on how far the student has come: true first, and kind."""
    if not report.complete:
        return public_sentence(report)
    verdicts = [verdict for _, _, verdict in _verdicts(report)]
    passed, of = sum(verdict.tone == "passed" for verdict in verdicts), len(verdicts)
    nouns = _nouns(report)
    if report.grade.status is not Status.GRADED:
        return f"{passed} of {of} {nouns} right so far."
    full, marked = report.grade.score >= report.grade.points, any(one.marked_by for one in report.grade.questions)
    if full and passed == of > 1:
        return f"Full marks: all {of} {nouns} right. Well done."
    if full:
        return "Full marks. Well done." if passed == of or marked else "Full marks. Well done; what is left is bonus."
    if not passed and not report.grade.score:
        return "Nothing is right yet. Take it one step at a time: what was seen is said below."
    return f"{passed} of {of} {nouns} right."


def question_caption(report: Report, question: QuestionGrade) -> str:
    """Return what heads the table of a code question's checks."""
    passed = sum(check_verdict(check) is VERDICTS[Outcome.PASSED] for check in question.checks)
    kind = "checks" if report.complete else "public checks"
    bonus = f", and {_bonus(question)}" if question.bonus_points else ""
    score = f"{format_amount(question.score)} of {format_points(question.points)}"
    marked = " by a person's mark" if question.marked_by else ""
    return f"{passed} of {len(question.checks)} {kind} passed, {score}{marked}{bonus}"


def mark_line(question: QuestionGrade) -> str | None:
    """Return who gave the question's score, where a person did; of code, that it replaces what the checks gave."""
    if question.marked_by is None:
        return None
    instead = ", in place of what the checks gave" if is_code(question) else ""
    return (
        f"Marked by {question.marked_by}: {format_amount(question.score)} of {format_points(question.points)}{instead}."
    )


def criterion_line(criterion: CriterionGrade) -> str:
    """Return a criterion of the rubric, the level that was chosen, and what it gave."""
    score = f"{format_amount(criterion.score)} of {format_points(criterion.points)}"
    return f"{criterion.title.removesuffix('.')}: {criterion.level.removesuffix('.')}, {score}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where on the page something is, and what it is called."""

    anchor: str
    title: str


def anchor(question: int, check: int | None = None) -> str:
    """Return the page's own name for a question, or for one of its checks; both count from 1."""
    return f"q{question}" if check is None else f"q{question}-c{check}"


def first_wrong(report: Report) -> Place | None:
    """Return the first check or question that the student can do something about."""
    return next((place for place, blocked, verdict in _verdicts(report) if blocked or verdict.tone in _TO_MEND), None)


def _verdicts(report: Report) -> Iterator[tuple[Place, bool, Verdict]]:
    """Yield every check and quiz question: its place, whether its question's code was not run at all, its verdict."""
    for number, question in enumerate(report.grade.questions, start=1):
        whole = Place(anchor(number), question.title)
        if not is_code(question):
            yield whole, False, answer_verdict(report, question)
        for position, check in enumerate(question.checks, start=1):
            place = whole if question.message else Place(anchor(number, position), check.title)
            yield place, question.message is not None, check_verdict(check)


def _nouns(report: Report) -> str:
    code = any(is_code(question) for question in report.grade.questions)
    quiz = any(not is_code(question) for question in report.grade.questions)
    return "checks and answers" if code and quiz else "checks" if code else "answers"


def _bonus(graded: Grade | QuestionGrade | FinalGrade) -> str:
    noun = "point" if graded.bonus_points == 1 else "points"
    return f"{format_amount(graded.bonus)} of {format_amount(graded.bonus_points)} bonus {noun}"


def _waiting_sentences(report: Report) -> Iterator[str]:
    grade = report.grade
    if grade.deferred:
        verb = "is" if grade.deferred == 1 else "are"
        yield f"{format_points(grade.deferred)} {verb} deferred: this machine cannot run the checks."
    if grade.status is Status.NEEDS_REVIEW:
        yield "An answer waits for a person to read it."
    if not report.complete:
        code = any(is_code(question) for question in grade.questions)
        yield "Hidden checks run when you submit." if code else "Answers are graded when you submit."
    if grade.environment.get("isolation") == "none":
        yield "The code ran without isolation: its result is only as honest as the code."
