"""Proves an assignment before a student meets it: what is right passes, and all that is wrong is caught.

Specimens are graded as students' work is, in the sandbox: the untouched stub, the right answers, every solution, every
known mistake, and mutants of the reference solution. What does not come out as it must is a ``Hole``.
"""

from __future__ import annotations

import ast
import base64
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from grader.answers import format_answer
from grader.checks import Check, read_checks
from grader.engine import Engine
from grader.errors import suggest
from grader.grading import Setup, grade_submissions, list_solutions
from grader.mutants import APPLIED, IDLE, make_mutants
from grader.questions import CodeQuestion, list_texts
from grader.report.markup import find_unclear_formulas
from grader.requirements import find_missing
from grader.results import SHADOW, STAND_IN, Outcome
from grader.scoring import CheckGrade, Grade, Status
from grader.spec import ASSIGNMENT_FILE, COURSE_FILE, FIGURES, Assignment, Course, Mistake, parse_python
from grader.stub import render_stub
from grader.submission import ANSWERS, Submission
from grader.variants import TRIED, Tried, fill_assignment, try_variants

_TELL_APART = (
    "let the fingerprint observe something in which they differ, on several inputs: one number, or what is raised, is "
    "hardly evidence"
)
FEWEST_VARIANTS = 5  # with less, students share answers
SHORTEST_LEAK = 25  # shorter lines of a solution are in many a stub by chance: "return loss"


class Role(StrEnum):
    """What a specimen is, which says how it must come out."""

    STUB = "stub"
    REFERENCE = "reference solution"
    SOLUTION = "solution"
    MISTAKE = "mistake"
    MUTANT = "mutant"


@dataclass(frozen=True, slots=True)
class Specimen:
    """Work that is graded to see what comes of it. ``spoils_result``: a mutant that may have had nothing to spoil."""

    role: Role
    name: str
    submission: Submission
    spoils_result: bool = False


@dataclass(frozen=True, slots=True)
class Trial:
    """A specimen's grade. ``caught_by`` are the checks that it failed; a mutant that never acted is not ``applied``."""

    specimen: Specimen
    grade: Grade

    @property
    def checks(self) -> list[CheckGrade]:
        """All checks that are not left to another device."""
        checks = [check for question in self.grade.questions for check in question.checks]
        return [check for check in checks if not check.deferred]

    @property
    def caught_by(self) -> tuple[str, ...]:
        """The checks that found it wrong, in their order."""
        wrong = (Outcome.FAILED, Outcome.TIMED_OUT, Outcome.CRASHED)
        return tuple(check.id for check in self.checks if check.outcome in wrong)

    @property
    def unrun(self) -> Mapping[str, str]:
        """The checks that could not be run for want of a package, and what each says of it."""
        checks = [check for question in self.grade.questions for check in question.checks]
        return {check.id: check.message or "" for check in checks if check.deferred and check.device == "cpu"}

    @property
    def applied(self) -> bool:
        """Was there something to spoil? There is none in a function that returns a figure."""
        return not self.specimen.spoils_result or APPLIED in self.grade.output or IDLE in self.grade.output


@dataclass(frozen=True, slots=True)
class Hole:
    """Something that is not as it must be, and what to do about it."""

    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found of an assignment. ``redundant`` are checks that catch nothing which no other check catches."""

    assignment: Assignment
    checks: tuple[Check, ...]
    trials: tuple[Trial, ...]
    holes: tuple[Hole, ...]
    redundant: tuple[str, ...]
    variants: tuple[Tried, ...] = ()

    @property
    def proven(self) -> bool:
        """Is there no hole?"""
        return not self.holes

    @property
    def unrun(self) -> Mapping[str, str]:
        """The checks that could not be run, and what each says of it."""
        return _join_unrun(self.trials)

    def count(self, *roles: Role) -> int:
        """Return how many specimens of some roles were graded."""
        return sum(trial.specimen.role in roles for trial in self.trials)


def make_specimens(assignment: Assignment) -> list[Specimen]:
    """Return what ``verify`` grades of an assignment.

    Raises:
        InputError: a solution folder lacks a code file, or what stands in a file cannot be handed in.
        SpecError: a variant of a question cannot be made.
    """
    assignment = fill_assignment(assignment)
    stub = render_stub(assignment, read_checks(assignment))
    code = [question.file for question in assignment.code_questions]
    kept = {name: content for name, content in stub.items() if name in (*code, ANSWERS)}
    answers = "".join(format_answer(question) for question in assignment.quiz_questions).encode()
    solutions = [
        {name: path.read_bytes() for name, path in solution.items()} | ({ANSWERS: answers} if answers else {})
        for solution in list_solutions(assignment)
    ]
    names = [next(iter(solution.values())) for solution in list_solutions(assignment)]
    specimens = [Specimen(Role.STUB, "the untouched stub", Submission(kept))]
    if not code:
        specimens.append(Specimen(Role.REFERENCE, "the right answers", Submission({ANSWERS: answers})))
    for number, (path, files) in enumerate(zip(names, solutions, strict=True)):
        name = path.name if path.parent.name == "solutions" else path.parent.name
        specimens.append(Specimen(Role.SOLUTION if number else Role.REFERENCE, name, Submission(files)))
    if solutions:
        specimens += _wrong_specimens(assignment, solutions[0])
    return specimens


def _wrong_specimens(assignment: Assignment, reference: Mapping[str, bytes]) -> Iterator[Specimen]:
    first = assignment.code_questions[0].file if assignment.code_questions else ""
    for mistake in assignment.mistakes:
        content = (assignment.directory / mistake.file).read_bytes()
        if mistake.caught_by or (first and _has_code(content)):
            yield Specimen(Role.MISTAKE, mistake.id, Submission({**reference, first: content}))
    accepted = {mutant.id for mutant in assignment.equivalent_mutants}
    for file in dict.fromkeys(question.file for question in assignment.code_questions):
        for mutant in make_mutants(reference[file].decode()):
            if mutant.id not in accepted:
                submission = Submission({**reference, file: mutant.source.encode()})
                yield Specimen(Role.MUTANT, mutant.id, submission, mutant.result)


def _has_code(content: bytes) -> bool:
    """Tell a program from what is only described, for choices of a quiz to point at."""
    try:
        return any(not isinstance(node, ast.Expr) for node in parse_python(content.decode()).body)
    except (SyntaxError, ValueError):
        return True


def prove(
    engine: Engine,
    assignment: Assignment,
    specimens: Sequence[Specimen],
    setup: Setup,
    advance: Callable[[], None] = lambda: None,
) -> Proof:
    """Grade an assignment's specimens and return what that proves; ``advance`` is called after each.

    Raises:
        FaultError: the sandbox cannot be had on this machine.
    """
    checks = read_checks(assignment)
    grades: dict[int, Grade] = {}
    for graded, numbers in _share_out(fill_assignment(assignment), specimens):
        submissions = [specimens[number].submission for number in numbers]
        for number, grade in grade_submissions(engine, graded, checks, submissions, setup):
            grades[numbers[number]] = grade
            advance()
    return judge_trials(assignment, [Trial(one, grades[number]) for number, one in enumerate(specimens)])


def list_figures(proof: Proof) -> list[tuple[Path, bytes]]:
    """Return what the reference solution draws, as PNGs, and where in the assignment's folder reports look for them."""
    folder = proof.assignment.directory / FIGURES
    return [
        (folder / f"{check.id}.png", base64.b64decode(check.figure))
        for trial in proof.trials
        if trial.specimen.role is Role.REFERENCE
        for check in trial.checks
        if check.figure is not None and check.outcome is Outcome.PASSED
    ]


def _share_out(assignment: Assignment, specimens: Sequence[Specimen]) -> Iterator[tuple[Assignment, list[int]]]:
    """Yield the assignment as it is graded, with the specimens that are graded so.

    Solutions have to be right on a GPU wherever checks are run on one, so they are tried on what stands in for it. What
    is wrong is graded as students' work is: what only a stand-in would catch is not caught.
    """
    solutions = [number for number, one in enumerate(specimens) if one.role in (Role.REFERENCE, Role.SOLUTION)]
    yield _with_stand_in(assignment), solutions
    yield assignment, [number for number in range(len(specimens)) if number not in solutions]


def _with_stand_in(assignment: Assignment) -> Assignment:
    """Return the assignment with the shadow device beside every GPU."""
    questions = tuple(
        question.model_copy(update={"devices": (*question.devices, SHADOW)})
        if isinstance(question, CodeQuestion) and "cuda" in question.devices and SHADOW not in question.devices
        else question
        for question in assignment.questions
    )
    return assignment.model_copy(update={"questions": questions})


def judge_trials(assignment: Assignment, trials: Sequence[Trial]) -> Proof:
    """Return what the trials of an assignment's specimens prove."""
    checks = read_checks(assignment)
    variants = tuple(try_variants(assignment))
    holes = [*_look_at_variants(variants), *_look_at_files(fill_assignment(assignment), checks)]
    unrun = _join_unrun(trials)
    holes += _find_unrun(assignment, unrun)
    for trial in trials:
        holes += _find_broken(trial)
        holes += _JUDGES[trial.specimen.role](assignment, trial)
        holes += _judge_diagnoses(assignment, checks, trial)
    wrong = [trial for trial in trials if trial.specimen.role in (Role.MISTAKE, Role.MUTANT)]
    alone = {trial.caught_by[0] for trial in wrong if len(trial.caught_by) == 1}
    redundant = tuple(check.id for check in checks if check.id not in alone.union(unrun)) if wrong else ()
    return Proof(assignment, checks, tuple(trials), tuple(holes), redundant, variants)


def _join_unrun(trials: Iterable[Trial]) -> Mapping[str, str]:
    return {name: said for trial in trials for name, said in trial.unrun.items()}


def _find_unrun(assignment: Assignment, unrun: Mapping[str, str]) -> Iterator[Hole]:
    """Yield the checks that were run on nothing here: of what only they would catch, nothing else is said."""
    commands = ", ".join(f"`{missing.install}`" for missing in (find_missing([assignment]) if unrun else ()))
    for name, said in unrun.items():
        yield Hole(
            f"{name} could not be run: {said.removeprefix('Not decided here: ')}",
            f"{commands or 'install what it needs'}, then verify again; what only it would catch is not known yet",
        )


def _find_broken(trial: Trial) -> Iterator[Hole]:
    for check in trial.checks:
        if check.outcome is Outcome.ERRORED:
            yield Hole(f"{check.id} breaks on {_name(trial)}: {check.detail}", "mend the check: it must judge anything")
    if trial.grade.diagnosis_fault is not None:
        hint = "mend it: put what may raise into the calls that observe(…) makes"
        yield Hole(f"no mistake can be recognised in {_name(trial)}: {trial.grade.diagnosis_fault}", hint)
    if trial.grade.fault is not None:
        yield Hole(f"{_name(trial)} cannot be graded: {trial.grade.fault}", "GRADER_DEBUG=1 shows where it comes from")


def _name(trial: Trial) -> str:
    specimen = trial.specimen
    return specimen.name if specimen.name.startswith("the ") else f"the {specimen.role} {specimen.name!r}"


def _find_mistake(assignment: Assignment, name: str) -> Mistake:
    return next(one for one in assignment.mistakes if one.id == name)


def _judge_stub(_assignment: Assignment, trial: Trial) -> Iterator[Hole]:
    for check in trial.checks:
        if check.outcome is Outcome.PASSED:
            hint = "let it look at something that only an answer has"
            yield Hole(f"{check.id} passes on the untouched stub", hint)
    if trial.grade.score and not any(check.score for check in trial.checks):
        yield Hole("the untouched stub earns points of the quiz", "see what its answers.yaml answers already")


def _judge_solution(assignment: Assignment, trial: Trial) -> Iterator[Hole]:
    for check in trial.checks:
        if check.outcome is not Outcome.PASSED and (trial.specimen.role is Role.REFERENCE or not check.bonus):
            said = check.message or check.detail or str(check.outcome)
            where = f" on the {STAND_IN}" if check.device == SHADOW else ""
            hint = f"mend the {'solution, or take cuda out of devices' if where else 'check, or take the solution out'}"
            yield Hole(f"{_name(trial)} does not pass {check.id}{where}: {said}", hint)
    for diagnosis in trial.grade.diagnoses:
        mistake = _find_mistake(assignment, diagnosis.mistake)
        if not set(mistake.caught_by) <= set(trial.caught_by):  # it may well share what only a bonus check looks for
            yield Hole(f"{_name(trial)} is taken for the mistake {mistake.id!r}", _TELL_APART)
    for question in trial.grade.questions:
        if question.kind == "code" or question.status is Status.NEEDS_REVIEW:  # a person reads it
            continue
        if question.score < question.points - question.deferred and question.answer:
            hint = "see what it accepts" if question.kind == "text" else "see which choice is marked correct"
            yield Hole(f"the right answer to {question.id!r} does not earn its points", hint)


def _judge_mistake(assignment: Assignment, trial: Trial) -> Iterator[Hole]:
    mistake = _find_mistake(assignment, trial.specimen.name)
    caught, claimed = set(trial.caught_by), set(mistake.caught_by)
    if not caught and not claimed:
        yield Hole(f"no check catches the mistake {mistake.id!r}", "add a check that notices, and name it in caught_by")
    for name in mistake.caught_by:
        if name not in caught and name not in trial.unrun:
            hint = "let the check look for it, or take the check out of its caught_by"
            yield Hole(f"{name} does not catch the mistake {mistake.id!r}, though caught_by says so", hint)
    elsewhere = {check.id for check in trial.checks if check.device == SHADOW}  # caught there only: it may be claimed
    for name in trial.caught_by:
        if name not in claimed | elsewhere:
            hint = f"add {name} to its caught_by, if that is as it should be"
            yield Hole(f"{name} catches the mistake {mistake.id!r}, and caught_by does not say so", hint)


def _judge_diagnoses(assignment: Assignment, checks: Sequence[Check], trial: Trial) -> Iterator[Hole]:
    """A mistake is recognised, as itself and as no other, where a fingerprint says how.

    It is looked for where a check of its ``caught_by`` fails, so this waits until that is right.
    """
    if trial.specimen.role is not Role.MISTAKE or trial.grade.diagnosis_fault is not None:
        return
    if not set(_find_mistake(assignment, trial.specimen.name).caught_by) & set(trial.caught_by):
        return
    told = {check.question for check in checks if check.has_fingerprint}
    here = {check.id for check in trial.checks if check.device != SHADOW}  # fingerprints are taken on the CPU
    caught = {check.question for check in checks if check.id in trial.caught_by and check.id in here}
    if not told & caught:
        return
    found = [diagnosis.mistake for diagnosis in trial.grade.diagnoses]
    if trial.specimen.name not in found:
        yield Hole(f"{_name(trial)} is not recognised", _TELL_APART)
    for other in found:
        if other != trial.specimen.name:
            yield Hole(f"{_name(trial)} is taken for {other!r}", _TELL_APART)


def _judge_mutant(_assignment: Assignment, trial: Trial) -> Iterator[Hole]:
    if not trial.caught_by and trial.applied and not trial.unrun:
        hint = "add a check that notices, or list it under equivalent_mutants with a reason"
        yield Hole(f"no check catches the mutant {trial.specimen.name!r}", hint)


_JUDGES = {
    Role.STUB: _judge_stub,
    Role.REFERENCE: _judge_solution,
    Role.SOLUTION: _judge_solution,
    Role.MISTAKE: _judge_mistake,
    Role.MUTANT: _judge_mutant,
}


def _look_at_files(assignment: Assignment, checks: Sequence[Check]) -> Iterator[Hole]:
    """Yield what can be seen to be wrong without running anything."""
    for check in checks:
        if not check.hint:
            yield Hole(f"{check.id} has no hint", "give points(…) a hint: what should one look at?")
    yield from _find_unclear_formulas(assignment)
    solutions = list_solutions(assignment)
    if assignment.code_questions and not solutions:
        yield Hole("there is no solution", "write one to solutions/: the first is the reference")
        return
    yield from _find_todos(assignment)
    yield from _find_leaks(assignment, checks)
    yield from _unknown_mutants(assignment)


def _find_unclear_formulas(assignment: Assignment) -> Iterator[Hole]:
    """Yield the formulas of prompts, choices and explanations that reports could not draw."""
    for question in assignment.questions:
        for text in list_texts(question).values():
            for formula in find_unclear_formulas(text):
                hint = "mend it, or write it with commands that need no package: reports show it as it is written"
                yield Hole(f"a formula of {question.id!r} cannot be drawn: ${formula.strip()[:80]}$", hint)


def _look_at_variants(variants: Sequence[Tried]) -> Iterator[Hole]:
    """Yield what is wrong with some students' variants."""
    for tried in variants:
        for problem, count in tried.failures:
            yield Hole(f"{problem} ({count} of {TRIED} students)", "draw from less, or compute it in another way")
        if tried.different < FEWEST_VARIANTS and not tried.failures:
            noun = "variant" if tried.different == 1 else "variants"
            message = f"{tried.question!r} has only {tried.different} {noun} for {TRIED} students"
            yield Hole(message, "draw from more: students with the same one share its answer")


def _find_todos(assignment: Assignment) -> Iterator[Hole]:
    """Yield what ``grader new`` left to do. In the starter a TODO is the student's."""
    starters = "\n".join(question.starter for question in assignment.code_questions)
    files = [assignment.directory / ASSIGNMENT_FILE]
    for folder in ("checks", "solutions", "mistakes"):
        files += sorted((assignment.directory / folder).rglob("*.py"))
    for path in files:
        yield from _read_todos(path, str(path.relative_to(assignment.directory)), starters)


def find_course_todos(course: Course) -> list[Hole]:
    """Return what ``grader new`` left to do in the course's own file."""
    return list(_read_todos(course.directory / COURSE_FILE, COURSE_FILE))


def _read_todos(path: Path, name: str, starters: str = "") -> Iterator[Hole]:
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if "TODO" in line and line.strip() not in starters:
            where = f"{name}:{number + 1}"
            before, _mark, said = line.partition("TODO")
            if before.strip() == "#":
                words = " ".join([said.strip(), *_read_on(lines[number + 1 :], before)])
                yield Hole(f"{where} still says TODO{words}", "do it, and take the comment out")
            else:
                hint = "do it, and take the comment out: what stands before it in the line stays"
                yield Hole(f"{where} still says TODO{said.rstrip()}", hint)


def _read_on(lines: Sequence[str], before: str) -> Iterator[str]:
    """Yield the next lines of a comment that begins with ``before``."""
    for line in lines:
        words = line.removeprefix(before).strip()
        if not line.startswith(before) or not words or "TODO" in words:
            return
        yield words


def _find_leaks(assignment: Assignment, checks: Sequence[Check]) -> Iterator[Hole]:
    stub = render_stub(assignment, checks)
    given = "\n".join(question.starter for question in assignment.code_questions)
    secrets: dict[str, str] = {}
    for solution in list_solutions(assignment):
        for path in solution.values():
            for line in map(str.strip, path.read_text(encoding="utf-8").splitlines()):
                if len(line) >= SHORTEST_LEAK and line not in given and not line.startswith(("#", "import ", "from ")):
                    secrets[line] = f"a line of solutions/{path.name}"
    for question in assignment.quiz_questions:
        for choice in getattr(question, "choices", ()):
            if choice.why:
                secrets[choice.why.strip()] = f"why a choice of {question.id!r} is right or wrong"
    for name, content in stub.items():
        text = content.decode()
        for line, what in secrets.items():
            if line in text:
                yield Hole(f"{name} of the stub holds {what}: {line[:60]}", "take it out of what students are given")


def _unknown_mutants(assignment: Assignment) -> Iterator[Hole]:
    if not assignment.equivalent_mutants:
        return
    reference = list_solutions(assignment)[0]
    files = {question.file for question in assignment.code_questions if isinstance(question, CodeQuestion)}
    known = [mutant.id for file in files for mutant in make_mutants(reference[file].read_text(encoding="utf-8"))]
    for mutant in assignment.equivalent_mutants:
        if mutant.id not in known:
            message = f"equivalent_mutants names {mutant.id!r}, and there is no such mutant{suggest(mutant.id, known)}"
            yield Hole(message, "take it out: the reference solution has changed since")
