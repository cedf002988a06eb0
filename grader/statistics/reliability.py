"""Classical test theory on a matrix of scores: one row for each student, one column for each item, nothing missing.

A figure that cannot be worked out, since nothing varies, is None. Sources are named where they define something.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
EXTREME_SHARE = 0.27  # of a class in each of the two groups: T. L. Kelley, J. of Educational Psychology 30 (1939) 17-24
_NOTHING = 1e-12  # a variance below this, of scores of a few points, is rounding


def cronbach_alpha(scores: Floats) -> float | None:
    """Return Cronbach's alpha of at least two items.

    With k items it is k/(k-1) times (1 - the sum of the items' variances / the variance of the total), all variances
    with n - 1 (L. J. Cronbach, Psychometrika 16 (1951) 297-334, formula 2). Of items scored 0 or 1 it is KR-20.
    """
    students, items = scores.shape
    if students < 2 or items < 2:
        return None
    total = float(scores.sum(axis=1).var(ddof=1))
    if total < _NOTHING:
        return None
    own = float(scores.var(axis=0, ddof=1).sum())
    return float(items / (items - 1) * (1 - own / total))


def alpha_without(scores: Floats) -> list[float | None]:
    """Return, for each item, alpha of all the others."""
    return [cronbach_alpha(np.delete(scores, item, axis=1)) for item in range(scores.shape[1])]


def correlation(first: Floats, second: Floats) -> float | None:
    """Return Pearson's product-moment correlation; of something that is 0 or 1 it is the point-biserial one."""
    if first.size < 2:
        return None
    one, other = first - first.mean(), second - second.mean()
    spread = float(np.sqrt((one @ one) * (other @ other)))
    if spread / first.size < _NOTHING:
        return None
    return max(-1.0, min(1.0, float(one @ other) / spread))


def item_rest_correlation(scores: Floats, item: int) -> float | None:
    """Return the corrected item-total correlation: of an item with the sum of all the others.

    Without the correction an item would be compared with itself, too (S. Henrysson, Psychometrika 28 (1963) 211-218).
    Of an item scored 0 or 1 it is a point-biserial correlation.
    """
    return correlation(scores[:, item], scores.sum(axis=1) - scores[:, item])


def upper_lower(values: Floats, totals: Floats, share: float = EXTREME_SHARE) -> float | None:
    """Return by how much the best students do better on an item than the worst: the index D.

    It is the mean of ``values`` (0 to 1) in the upper group less that in the lower one; each group holds ``share`` of
    the students by ``totals``, rounded to whole ones (R. L. Ebel, Essentials of Educational Measurement, 1972, ch. 14).
    Of students with the same total at the edge of a group each counts for the part of the places that is left: that is
    the mean over every way to choose among them, and does not hang on the order of the names.
    """
    group = int(values.size * share + 0.5)
    if group < 1:
        return None
    return _mean_of_top(values, totals, group) - _mean_of_top(values, -totals, group)


def _mean_of_top(values: Floats, totals: Floats, group: int) -> float:
    edge = np.sort(totals)[::-1][group - 1]
    above, level = totals > edge + _NOTHING, np.abs(totals - edge) <= _NOTHING
    left = group - int(above.sum())
    return float(values[above].sum() + left * values[level].mean()) / group
