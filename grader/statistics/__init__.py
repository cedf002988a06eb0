"""A class's grades become figures: how scores spread, how hard and how telling each item is, how long success takes.

What counts and averages is exact. Correlations and reliability are floats, worked out with numpy.
"""

from grader.statistics.figures import (
    DECIDED,
    AssignmentFigures,
    Bin,
    CheckFigures,
    QuestionFigures,
    assignment_figures,
    check_figures,
    count_bins,
    mean,
    median,
    quantile,
    question_figures,
    score_bins,
)
from grader.statistics.items import (
    FEW,
    ROUGH,
    ChoiceFigures,
    Item,
    ItemAnalysis,
    ItemFigures,
    analyse_items,
    choice_figures,
    find_items,
)
from grader.statistics.reliability import alpha_without, cronbach_alpha, item_rest_correlation, upper_lower
from grader.statistics.success import Spread, Success, SuccessFigures, find_success, success_figures

__all__ = [
    "DECIDED",
    "FEW",
    "ROUGH",
    "AssignmentFigures",
    "Bin",
    "CheckFigures",
    "ChoiceFigures",
    "Item",
    "ItemAnalysis",
    "ItemFigures",
    "QuestionFigures",
    "Spread",
    "Success",
    "SuccessFigures",
    "alpha_without",
    "analyse_items",
    "assignment_figures",
    "check_figures",
    "choice_figures",
    "count_bins",
    "cronbach_alpha",
    "find_items",
    "find_success",
    "item_rest_correlation",
    "mean",
    "median",
    "quantile",
    "question_figures",
    "score_bins",
    "success_figures",
    "upper_lower",
]
