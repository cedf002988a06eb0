"""A loss for classes is used for a quantity.

Temperatures and prices are amounts: being nearly right is better than being far off. Losses for classes do not know
near from far, or take only targets between 0 and 1. When the answer is "how much?", look among `MSELoss`, `L1Loss`
and `SmoothL1Loss`.
"""
