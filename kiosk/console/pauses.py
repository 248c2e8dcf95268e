"""Why a sync stopped though nothing is wrong, in the operator's language: made of its event's reason and figures."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext

from kiosk.web import i18n


def sentence(detail: dict[str, Any]) -> str:
    """Return what a `sync.paused` event says, with the moment at which it goes on if there is one."""
    text = _reason(str(detail.get("reason", "")), detail.get("figures", {}))
    if not detail.get("again"):
        return text
    end = gettext("It goes on at %(moment)s.", moment=i18n.moment(datetime.fromisoformat(detail["again"])))
    return f"{text} {end}"


def _reason(reason: str, figures: dict[str, int]) -> str:
    used, limit, size = (i18n.size(figures.get(f"{name}_bytes", 0)) for name in ("used", "limit", "size"))
    hours = {name: f"{figures.get(f'{name}_hour', 0):02}:00" for name in ("from", "to")}
    sentences = {
        "paused": gettext("Syncs are paused."),
        "month-spent": gettext("%(used)s of this month’s %(limit)s are used.", used=used, limit=limit),
        "day-spent": gettext("%(used)s of today’s %(limit)s are used.", used=used, limit=limit),
        "outside-hours": gettext(
            "The internet is used from %(start)s to %(end)s only.", start=hours["from"], end=hours["to"]
        ),
        "metered-never": gettext("The link is metered, and nothing may come over a metered link."),
        "metered-kind": gettext("The link is metered: only notices and documents may come over it."),
        "metered-size": gettext(
            "The link is metered: %(size)s are more than the %(limit)s that may come at a time.",
            size=size, limit=limit,
        ),
    }  # fmt: skip
    return str(sentences.get(reason, gettext("It stopped in order and goes on by itself.")))
