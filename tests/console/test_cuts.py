"""Uploads through cuts: of the link, and of the console itself by `kill -9`."""

from __future__ import annotations

from tests.console.cutting import cut_often
from tests.making import Village


def test_an_upload_that_is_cut_five_times_arrives_whole_and_costs_at_most_a_tenth_more(village: Village) -> None:
    assert cut_often(village, 300_000_000, cuts=5) <= 1.10
