"""The playbook as text: variables told and checked, modules by their whole names, short roles, one list of keys."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import Environment, StrictUndefined

from kiosk.config import load
from kiosk.host import wifi
from kiosk.host.wifi import Network

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "provisioning"
VARIABLES = FOLDER / "group_vars" / "all.yml"
TASKS = sorted([*FOLDER.glob("*.yml"), *FOLDER.glob("roles/*/tasks/*.yml"), *FOLDER.glob("roles/*/handlers/*.yml")])
PLAYS = [path for path in TASKS if not path.name.startswith("inventory")]
KEYWORDS = {
    "name", "when", "vars", "register", "loop", "loop_control", "notify", "tags", "changed_when", "failed_when",
    "no_log", "args", "block", "rescue", "always", "retries", "delay", "until", "ignore_errors", "check_mode",
    "hosts", "become", "gather_facts", "tasks", "environment",
}  # fmt: skip
MOST_LINES = 150


def variables() -> dict[str, Any]:
    return dict(yaml.safe_load(VARIABLES.read_text()))


def tasks(found: object) -> Iterator[dict[str, Any]]:
    for each in found if isinstance(found, list) else []:
        yield each
        for inner in ("block", "rescue", "always", "tasks"):
            yield from tasks(each.get(inner))


def rendered(template: str, **more: Any) -> str:
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=True)
    environment.filters.update(
        to_json=json.dumps,
        ternary=lambda value, yes, no: yes if value else no,
        regex_replace=lambda text, old, new: re.sub(old, new, text),
    )
    given = variables() | {"ansible_managed": "made", "kiosk_name": 'Umoja: "we"', "kiosk_country": "UG"} | more
    found = next(FOLDER.glob(f"roles/*/templates/{template}"))
    return environment.from_string(found.read_text()).render(given)


def test_every_variable_is_told() -> None:
    before = ""
    for line in VARIABLES.read_text().splitlines():
        if re.match(r"kiosk_\w+:", line):
            assert before.startswith("#") or re.match(r"kiosk_\w+:", before), f"{line} has no comment above it"
        before = line


def test_every_variable_is_checked_with_an_example() -> None:
    checks = yaml.safe_load((FOLDER / "checks.yml").read_text())
    (rules,) = [task["vars"]["rules"] for task in checks if "rules" in task.get("vars", {})]
    assert sorted(rule["name"] for rule in rules) == sorted(variables())
    for rule in rules:
        assert rule["said"].startswith(f"{rule['name']}: ")
        assert re.search(r"such as|true or false", rule["said"]), rule["said"]


def test_nothing_is_used_that_is_no_variable() -> None:
    text = "\n".join(path.read_text() for path in [*FOLDER.glob("roles/**/*.yml"), *FOLDER.glob("roles/**/*.j2")])
    made = set(re.findall(r"register: (\w+)", text)) | set(re.findall(r"^ +(kiosk_\w+):", text, re.MULTILINE))
    used = set(re.findall(r"\bkiosk_\w+", re.sub(r"#.*", "", text)))
    assert used - made - set(variables()) == set()


def test_no_variable_is_unused() -> None:
    text = "\n".join(path.read_text() for path in [*FOLDER.glob("roles/**/*.yml"), *FOLDER.glob("roles/**/*.j2")])
    assert [name for name in variables() if name not in text] == []


@pytest.mark.parametrize("path", PLAYS, ids=lambda path: str(path.relative_to(FOLDER)))
def test_modules_have_their_whole_names(path: Path) -> None:
    for task in tasks(yaml.safe_load(path.read_text())):
        assert task.get("name"), f"{path}: a task without a name"
        assert [word for word in set(task) - KEYWORDS if not word.startswith("ansible.builtin.")] == [], task["name"]


@pytest.mark.parametrize("path", PLAYS, ids=lambda path: str(path.relative_to(FOLDER)))
def test_only_templates_have_the_line_that_ansible_makes(path: Path) -> None:
    assert "ansible_managed" not in path.read_text(), "known in a template alone: the task would fail where it is run"


def test_what_had_the_uplink_does_not_start_again() -> None:
    text = (FOLDER / "roles/network/templates/systemd-networkd.service.j2").read_text()
    assert "ConditionPathExists=!/etc/systemd/system/systemd-networkd.service.d/kiosk.conf" in text


def test_roles_are_short() -> None:
    for role in sorted((FOLDER / "roles").iterdir()):
        lines = sum(len(path.read_text().splitlines()) for path in role.glob("tasks/*.yml"))
        assert lines <= MOST_LINES or role.name == "kiosk", f"{role.name} has {lines} lines of tasks"
        assert all(len(path.read_text().splitlines()) <= MOST_LINES for path in role.glob("tasks/*.yml"))


def test_the_kiosks_configuration_is_one_that_the_kiosk_reads(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.yaml"
    path.write_text(rendered("kiosk.yaml.j2", kiosk_mirrors=["https://federation.example/repository"]))
    config = load(path)
    assert config.name == 'Umoja: "we"'
    assert config.portal.socket == Path("/run/kiosk-portal.sock")
    assert config.portal.file_server == "/.state"


@pytest.mark.parametrize("password", ["", "maize and beans"])
def test_the_hotspots_first_settings_are_what_the_helper_reads(password: str) -> None:
    text = rendered("hostapd.conf.j2", kiosk_wifi_name="Kijiji ñ", kiosk_wifi_password=password, operators_lines=[])
    assert wifi.described(text) == Network("Kijiji ñ", password, 6)
    rates = re.findall(r"_rates=([\d ]+)", text)
    assert not {"10", "20", "55", "110"} & {rate for line in rates for rate in line.split()}, "802.11b"
    assert "ap_isolate=1" in text


def test_what_the_operator_changed_stays() -> None:
    before = wifi.rewritten("interface=wlan0\n", Network("Soko", "other password", 11))
    pattern = re.search(r"operators_keys: '(.+)'", (FOLDER / "roles/kiosk/tasks/hostapd.yml").read_text())
    assert pattern
    lines = [line for line in before.splitlines() if re.match(pattern[1], line)]
    text = rendered("hostapd.conf.j2", kiosk_wifi_name="Kijiji", kiosk_wifi_password="", operators_lines=lines)
    assert wifi.described(text) == Network("Soko", "other password", 11)
    assert set(re.findall(r"\w+", pattern[1])) == set(wifi.OURS)


def test_no_part_of_the_web_server_passes_on_the_address_that_a_phone_says_it_has() -> None:
    text = rendered("nginx.conf.j2", kiosk_cache_mb=64)
    for block in re.findall(r"\{([^{}]*)\}", text):
        if "proxy_set_header" in block:  # then none of those around it hold
            assert "proxy_set_header X-Forwarded-For $remote_addr;" in block, block


def test_what_root_marks_in_a_folder_of_the_kiosk_it_marks_as_the_kiosk() -> None:
    text = rendered("uplink.j2", kiosk_wifi_interface="wlan0")
    written = [line for line in text.splitlines() if "/run/kiosk-link/" in line and not line.startswith("#")]
    assert written == [
        "setpriv --reuid=kiosk --regid=kiosk --clear-groups touch /run/kiosk-link/came",
    ]


def test_a_phone_that_asks_for_many_addresses_is_not_heard_for_a_while() -> None:
    text = rendered("nftables.conf.j2", kiosk_ssh=False)
    chain = text[text.index("chain input") :]
    rule = (
        "iifname $hotspot udp dport 67 update @askers { ether saddr limit rate over 10/minute burst 20 packets } drop"
    )
    assert chain.index(rule) < chain.index("accept\n"), "before anything is let in"
    leases = int(variables()["kiosk_lease_minutes"])
    most = (20 + 10 * leases) / 2  # of two messages each
    assert most < 240 * 3 / 4, "one phone alone leaves addresses for others"
