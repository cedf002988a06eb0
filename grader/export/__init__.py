"""Scores and reports in the formats that other systems read."""
