"""How outcomes and scores are put into words: the same ones in the terminal and on a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

from grader.diagnosis import Diagnosis
from grader.display import UNDECIDED, count_of, format_amount, format_moment, format_score
from grader.language import _, later, plural
from grader.report.content import Reader, Report, is_code
from grader.report.context import Excerpt
from grader.results import SHADOW, STAND_IN, Frame, Outcome, Visibility
from grader.scoring import CheckGrade, CriterionGrade, FinalGrade, Grade, QuestionGrade, Status


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a check or an answer came out: a short word for the terminal, a label for a page, and which colours."""

    english_word: str
    english_label: str
    tone: str

    @property
    def word(self) -> str:
        """The short word, in the language that is spoken."""
        return _(self.english_word)

    @property
    def label(self) -> str:
        """The label, in the language that is spoken."""
        return _(self.english_label)


VERDICTS = {
    Outcome.PASSED: Verdict(later("pass"), later("passed"), "passed"),
    Outcome.FAILED: Verdict(later("FAIL"), later("wrong"), "wrong"),
    Outcome.TIMED_OUT: Verdict(later("slow"), later("timed out"), "slow"),
    Outcome.CRASHED: Verdict(later("crash"), later("crashed"), "crashed"),
    Outcome.ERRORED: Verdict(later("error"), later("check broke"), "ours"),
    Outcome.NOT_RUN: Verdict(later("not run"), later("not run"), "open"),
}
DEFERRED = Verdict(later("deferred"), later("deferred"), "waiting")
STATUSES = {
    Status.GRADED: Verdict(later("graded"), later("graded"), "passed"),
    Status.NEEDS_REVIEW: Verdict(later("review"), later("needs review"), "waiting"),
    Status.PENDING: Verdict(later("pending"), later("pending"), "ours"),
    Status.UNANSWERED: Verdict(later("blank"), later("no answer"), "open"),
}
NOT_GRADED = Verdict(later("waits"), later("not graded yet"), "open")  # submissions only
UNREADABLE = Verdict(later("unclear"), later("not readable"), "wrong")
ANSWERED = Verdict(later("answered"), later("answered"), "open")
RIGHT = Verdict(later("pass"), later("right"), "passed")
PARTLY = Verdict(later("partly"), later("partly right"), "slow")
WRONG = Verdict(later("FAIL"), later("wrong"), "wrong")
_TO_MEND = ("wrong", "slow", "crashed")
_UNDECIDED = ("waiting", "ours")
MOST_ATTEMPTS = 12
MOST_FRAMES = 4

_EXPLANATIONS = {
    Outcome.TIMED_OUT: later("It was stopped: it took too long."),
    Outcome.CRASHED: later("The program died while this check ran."),
    Outcome.ERRORED: later("This check itself broke: a fault on our side, which costs you nothing."),
}
_DEFERRED = later("This machine cannot run this check. Its points are kept for one that can.")
_DEVICES = {SHADOW: STAND_IN}
# What the environment of a grade says is named after programs, or by these words.
_ENVIRONMENT = {
    "devices": later("devices"),
    "isolation": later("isolation"),
    "walls": later("isolated by"),
    "seed": later("seed"),
}
_NO_CHECKS = later("It has no public checks.")
_PENDING_TITLE = later("A fault on our side")


def environment_rows(report: Report) -> list[tuple[str, str]]:
    """Return what a result depends on besides the work, as label and value."""
    return [(_(_ENVIRONMENT.get(name, name)), value) for name, value in report.grade.environment.items()]


def no_checks() -> str:
    """Return what stands in place of a code question's checks where it has none to show."""
    return _(_NO_CHECKS)


def pending_title() -> str:
    """Return what a fault of ours is called."""
    return _(_PENDING_TITLE)


def diagnosis_title(found: Diagnosis) -> str:
    """Return a line for the terminal that names a known mistake, and says what shows it."""
    if not found.code:
        return _("An answer points at a known mistake: {title}", title=found.title)
    if found.quiz:
        return _("Computes like a known mistake, as an answer says: {title}", title=found.title)
    return _("Computes like a known mistake: {title}", title=found.title)


def diagnosis_source(found: Diagnosis) -> str:
    """Return a sentence that says what shows a known mistake."""
    if not found.code:
        return _("An answer that was picked rests on this known mistake.")
    if found.quiz:
        return _("The code computes what this known mistake computes, and an answer that was picked rests on it, too.")
    return _("The code computes what this known mistake computes.")


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
    if check.message:
        return check.message
    explanation = _DEFERRED if check.deferred else _EXPLANATIONS.get(check.outcome)
    return None if explanation is None else _(explanation)


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
    if (slow := _shared_timeout(decided)) is not None:
        return slow
    told = {(check.outcome, check_explanation(check), check.frames[-1:]) for check in decided}
    details = {check_detail(check) for check in decided} - {None}
    if len(question.checks) < 2 or len(told) != 1 or len(details) > 1:
        return None
    ((outcome, explanation, place),) = told
    ended = outcome in (Outcome.CRASHED, Outcome.TIMED_OUT) or (outcome is Outcome.FAILED and place)
    return SharedEnd(explanation, place, next(iter(details), None)) if ended and explanation else None


def _shared_timeout(decided: Sequence[CheckGrade]) -> SharedEnd | None:
    """Return the end of the first check where none ended in time, and no two are known to have hung in two functions.

    It may be on any line of a loop; the last ones have no place where the first used up all the time that there is.
    """
    if len(decided) < 2 or any(check.outcome is not Outcome.TIMED_OUT for check in decided):
        return None
    functions = {(frame.file, frame.function) for check in decided for frame in check.frames[-1:]}
    explanation = check_explanation(decided[0])
    return SharedEnd(explanation, decided[0].frames[-1:], None) if explanation and len(functions) <= 1 else None


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
    tags = [_("hidden")] if hidden else []
    tags += [_("bonus")] if check.bonus else []
    if check.device != "cpu":
        tags.append(_(_DEVICES[check.device]) if check.device in _DEVICES else check.device)
    return tags


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
    score = _total_sentence(grade) if report.complete else public_sentence(report)
    broken = []
    if grade.status is Status.PENDING:
        broken = [_("{title}: {text}", title=pending_title(), text=pending_text(report))]
    return [score, *_waiting_sentences(report), *broken]


def _total_sentence(grade: Grade) -> str:
    told = {"score": format_score(grade.score, grade.points), "bonus": _bonus(grade) if grade.bonus_points else ""}
    if grade.status is not Status.GRADED:
        return _("{score} so far, and {bonus}.", **told) if grade.bonus_points else _("{score} so far.", **told)
    return _("{score}, and {bonus}.", **told) if grade.bonus_points else _("{score}.", **told)


def points_phrase(points: Fraction, *, so_far: bool = False, public: bool = False) -> str:
    """Return what stands behind a score: ``of 10 points so far``."""
    told = plural("of {amount} point", "of {amount} points", count_of(points), amount=format_amount(points))
    if so_far:
        told = _("{of_points} so far", of_points=told)
    return _("{of_points} in public checks", of_points=told) if public else told


def final_sentences(report: Report) -> list[str]:
    """Return what counts in the end, in words: lateness as arithmetic, which attempt, what somebody decided.

    Nothing, where this submission counts with the score that it has.
    """
    final = report.final
    if final is None:
        return []
    own = final.attempt is not None and final.attempt.submission == report.info.id
    told = list(final.notes)
    if not own and final.number is not None and not final.notes:
        told.append(_("Attempt {number} counts.", number=final.number))
    if final.penalty:
        told.append(f"{final.penalty[:1].upper()}{final.penalty[1:]}.")
    if final.override is not None:
        why = final.override.why.removesuffix(".")
        decided = _("An instructor decided what counts: {why}.", why=why)
        told.append(decided if why else _("An instructor decided what counts."))
    if final.limit is not None:
        used, limit = final.used, final.limit
        told.append(plural("{used} of {number} attempt used.", "{used} of {number} attempts used.", limit, used=used))
    if (counts := _counts_sentence(report, own)) is not None:
        told.append(counts)
    return told


def _counts_sentence(report: Report, own: bool) -> str | None:
    """Return what counts, where that is not what this submission earned."""
    final = report.final
    if final is None or final.status is None:
        return None
    if own and (final.score, final.bonus) == (report.grade.score, report.grade.bonus):
        return None
    score = format_score(final.score, final.points)
    if final.bonus_points:
        return _("What counts: {score} and {bonus}.", score=score, bonus=_bonus(final))
    return _("What counts: {score}.", score=score)


def next_steps(report: Report) -> list[str]:
    """Return what a student can do now, in the order to do it; nothing for an instructor."""
    if report.reader is not Reader.STUDENT:
        return []
    grade = report.grade
    if grade.status is Status.PENDING and report.complete:
        return [_("There is nothing for you to do: it will be graded again, and costs you no attempt.")]
    first = first_wrong(report)
    if first is None:
        return _steps_of_right_work(report)
    final = report.final
    if final is not None and final.status is Status.GRADED and final.score >= final.points > 0:
        own = final.attempt is not None and final.attempt.submission == report.info.id
        return [] if own else [_("There is nothing left to do: what counts has full marks.")]
    steps = [_("Start with \u201c{title}\u201d.", title=first.title.rstrip("."))]
    if not report.complete:
        return [*steps, _("Change your code and run `grader check` again.")]
    if closed := closed_sentence(report):
        return [*steps, closed]
    later_on = [] if report.context.opens_at is None else [_opening_sentence(report, report.context.opens_at)]
    return [*steps, _step_of_handing_in(report), *later_on]


def _opening_sentence(report: Report, moment: datetime) -> str:
    return _("The next attempt counts from {moment} on.", moment=_tell_moment(report, moment))


def _tell_moment(report: Report, moment: datetime) -> str:
    return format_moment(moment, report.context.zone or moment.tzinfo or UTC)


def _step_of_handing_in(report: Report) -> str:
    code = any(is_code(question) for question in report.grade.questions)
    final = report.final
    left = 0 if final is None or final.limit is None else final.limit - final.used
    if left > 0 and code:
        return plural(
            "Run `grader check` until it is content, then hand in once more with `grader submit` "
            "({number} attempt left).",
            "Run `grader check` until it is content, then hand in once more with `grader submit` "
            "({number} attempts left).",
            left,
        )
    if left > 0:
        return plural(
            "Hand in once more with `grader submit` ({number} attempt left).",
            "Hand in once more with `grader submit` ({number} attempts left).",
            left,
        )
    if code:
        return _("Run `grader check` until it is content, then hand in once more with `grader submit`.")
    return _("Hand in once more with `grader submit`.")


def closed_sentence(report: Report) -> str | None:
    """Return that another attempt would not count, and why, where that is so."""
    closed = report.context.closed
    return _("Another attempt would not count: {closed}. This score stands.", closed=closed) if closed else None


def _steps_of_right_work(report: Report) -> list[str]:
    grade = report.grade
    if not report.complete:
        blank = sum(answer_verdict(report, q) is STATUSES[Status.UNANSWERED] for q in grade.questions if not is_code(q))
        answer = plural("{number} question has no answer yet.", "{number} questions have no answer yet.", blank)
        return [
            *([answer] if blank else []),
            _("Hand in with `grader submit`: hidden checks run, and answers are graded, then."),
        ]
    if grade.status is Status.NEEDS_REVIEW:
        return [_("There is nothing for you to do: a person reads what you wrote.")]
    return []


def attempts_line(report: Report) -> str | None:
    """Return what the attempts so far earned, in words; nothing where there is only one."""
    attempts = report.context.attempts
    if len(attempts) < 2:
        return None
    shown = attempts[-MOST_ATTEMPTS:]
    scores = _(", then ").join(UNDECIDED if one.status is None else format_amount(one.score) for one in shown)
    points = shown[-1].points
    told = plural(
        "{scores} of {amount} point", "{scores} of {amount} points", count_of(points), scores=scores,
        amount=format_amount(points),
    )  # fmt: skip
    if len(shown) < len(attempts):
        return _(
            "Attempts so far: the last {shown} of {number}: {scores}.",
            shown=len(shown),
            number=len(attempts),
            scores=told,
        )
    return _("Attempts so far: {scores}.", scores=told)


def attempt_place(report: Report) -> str | None:
    """Return which attempt a report is of: ``attempt 2 of 3``; nothing where that is not known."""
    attempts = report.context.attempts
    number = next((one.number for one in attempts if one.own), None)
    if number is None:
        return None
    if len(attempts) == 1:
        return _("attempt {number}", number=number)
    return _("attempt {number} of {count}", number=number, count=len(attempts))


def feedback_sentence(report: Report) -> str | None:
    """Return when what is said of answers will be told, while it is not."""
    moment = report.context.feedback_from
    if moment is None:
        return None
    return _("What is said of each answer is shown after {moment}.", moment=_tell_moment(report, moment))


def chosen_letters(question: QuestionGrade) -> frozenset[str]:
    """Return the letters of the choices that were picked."""
    return frozenset(part.strip() for part in (question.answer or "").split(","))


def pending_text(report: Report) -> str:
    """Return what a fault of ours means to a student."""
    if not report.complete:
        return _("a check could not be run. Your code is not to blame; it will be graded all the same when you submit.")
    return _("part of the grading failed. It costs you nothing: your submission is kept, and will be graded again.")


def side_sentences(report: Report) -> list[str]:
    """Return what a page says below the score: the bonus and what still waits."""
    bonus = [_("On top: {bonus}.", bonus=_bonus(report.grade))] if report.grade.bonus_points else []
    return [*bonus, *_waiting_sentences(report)]


def public_sentence(report: Report) -> str:
    """Return how the public checks went. It never says "all passed": the hidden ones have not been run."""
    grade = report.grade
    checks = [check for question in grade.questions for check in question.checks]
    passed = sum(check_verdict(check) is VERDICTS[Outcome.PASSED] for check in checks)
    if not any(is_code(question) for question in grade.questions):
        answered = sum(answer_verdict(report, question) is ANSWERED for question in grade.questions)
        return _("{answered} of {number} questions answered.", answered=answered, number=len(grade.questions))
    if not checks:
        return _("There are no public checks here.")
    told = {"passed": passed, "number": len(checks), "score": format_score(grade.score, grade.points)}
    if passed == len(checks):
        return _("Public checks passed: {passed} of {number}, {score}.", **told)
    return _("{passed} of {number} public checks passed, {score}.", **told)


def encouragement(report: Report) -> str:
    """Return a sentence on how far the student has come: true first, and kind."""
    if not report.complete:
        return public_sentence(report)
    verdicts = [verdict for _place, _blocked, verdict in _verdicts(report) if verdict.tone not in _UNDECIDED]
    passed, of = sum(verdict.tone == "passed" for verdict in verdicts), len(verdicts)
    told = {"right": passed, "number": of, "things": _nouns(report)}
    if not verdicts:
        return _("Nothing is decided yet.")
    if report.grade.status is not Status.GRADED:
        return _("{right} of {number} {things} right so far.", **told)
    full, marked = report.grade.score >= report.grade.points, any(one.marked_by for one in report.grade.questions)
    if full and _counts_less(report):
        return _("Nothing is wrong with it, though less counts: see what is said of that.")
    if full and passed == of > 1:
        return _("Full marks: all {number} {things} right. Well done.", **told)
    if full and (passed == of or marked):
        return _("Full marks. Well done.")
    if full:
        return _("Full marks. Well done; what is left is bonus.")
    if not passed and not report.grade.score:
        return _("Nothing is right yet. Take it one step at a time: each check says what it saw.")
    return _("{right} of {number} {things} right.", **told)


def _counts_less(report: Report) -> bool:
    """Does less count than this submission earned, as where it was late?"""
    final = report.final
    return final is not None and final.status is Status.GRADED and final.score < report.grade.score


def question_caption(report: Report, question: QuestionGrade) -> str:
    """Return what heads the table of a code question's checks."""
    passed = sum(check_verdict(check) is VERDICTS[Outcome.PASSED] for check in question.checks)
    counts = {"passed": passed, "number": len(question.checks)}
    public = _("{passed} of {number} public checks passed", **counts)
    checks = _("{passed} of {number} checks passed", **counts) if report.complete else public
    told = {"checks": checks, "score": format_score(question.score, question.points), "bonus": ""}
    if not question.bonus_points:
        return (
            _("{checks}, {score} by a person's mark", **told) if question.marked_by else _("{checks}, {score}", **told)
        )
    told["bonus"] = _bonus(question)
    if question.marked_by:
        return _("{checks}, {score} by a person's mark, and {bonus}", **told)
    return _("{checks}, {score}, and {bonus}", **told)


def mark_line(question: QuestionGrade) -> str | None:
    """Return who gave the question's score, where a person did; of code, that it replaces what the checks gave."""
    if question.marked_by is None:
        return None
    told = {"person": question.marked_by, "score": format_score(question.score, question.points)}
    if is_code(question):
        return _("Marked by {person}: {score}, in place of what the checks gave.", **told)
    return _("Marked by {person}: {score}.", **told)


def criterion_line(criterion: CriterionGrade) -> str:
    """Return a criterion of the rubric, the level that was chosen, and what it gave."""
    score = format_score(criterion.score, criterion.points)
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
    return _("checks and answers") if code and quiz else _("checks") if code else _("answers")


def _bonus(graded: Grade | QuestionGrade | FinalGrade) -> str:
    points = graded.bonus_points
    return plural(
        "{score} of {amount} bonus point", "{score} of {amount} bonus points", count_of(points),
        score=format_amount(graded.bonus), amount=format_amount(points),
    )  # fmt: skip


def _waiting_sentences(report: Report) -> Iterator[str]:
    grade = report.grade
    if grade.deferred:
        yield plural(
            "{amount} point is deferred: this machine cannot run the checks.",
            "{amount} points are deferred: this machine cannot run the checks.",
            count_of(grade.deferred),
            amount=format_amount(grade.deferred),
        )
    if grade.status is Status.NEEDS_REVIEW:
        yield _("An answer waits for a person to read it.")
    if not report.complete:
        code = any(is_code(question) for question in grade.questions)
        yield _("Hidden checks run when you submit.") if code else _("Answers are graded when you submit.")
    if grade.environment.get("isolation") == "none":
        yield _("The code ran without isolation: its result is only as honest as the code.")
