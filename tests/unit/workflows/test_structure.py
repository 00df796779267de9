import importlib
import re
import subprocess
import sys

import pytest
import yaml

from infra.settings import STAGES
from pipelines.bundle import ROOT

GITHUB = ROOT / ".github"
PINNED = re.compile(r"[\w.-]+(?:/[\w.-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
ROLE = re.compile(r"vars\.(?P<stage>[A-Z]+)_(?P<use>PLAN|DEPLOY|RUN)_ROLE_ARN")


def lines_with(key):
    files = [*GITHUB.glob("workflows/*.yml"), *GITHUB.glob("actions/*/action.yml")]
    pattern = re.compile(rf"^\s*(?:- )?{key}:\s*(.+?)\s*$", re.MULTILINE)
    return [(path.name, value) for path in files for value in pattern.findall(path.read_text())]


def steps_using(job, action):
    return [step for step in job.get("steps", []) if step.get("uses", "").startswith(f"{action}@")]


def roles_of(job):
    """The (stage, use) of each role variable that a job gives to AWS, through `env` too."""
    steps = steps_using(job, "aws-actions/configure-aws-credentials")
    values = [*(step["with"]["role-to-assume"] for step in steps), *(job.get("env", {}).values() if steps else ())]
    return {(m["stage"].lower(), m["use"].lower()) for value in values for m in ROLE.finditer(str(value))}


def makes(script):
    """The targets of the `make` commands of a script."""
    commands = re.findall(r"(?:^|[\s;{(])make\s+([^|&;)\n]*)", script)
    words = [word for command in commands for word in re.sub(r"-C\s+\S+", "", command).split()]
    return {word for word in words if re.fullmatch(r"[a-z-]+", word) and not word.startswith("-")}


def test_every_foreign_action_is_pinned_to_a_commit_with_its_version():
    foreign = [(name, uses) for name, uses in lines_with("uses") if not uses.startswith("$/.github/")]
    assert len(foreign) > 10
    assert [pair for pair in foreign if not PINNED.fullmatch(pair[1])] == []


def test_an_action_has_the_same_commit_everywhere():
    commits = {}
    for _, uses in lines_with("uses"):
        action, _, commit = uses.partition("@")
        commits.setdefault(action, set()).add(commit)
    assert {action: found for action, found in commits.items() if len(found) > 1} == {}


def test_every_workflow_starts_without_permissions_and_in_a_concurrency_group(workflows):
    assert {name for name, workflow in workflows.items() if workflow["permissions"] != {}} == set()
    assert {name for name, workflow in workflows.items() if not workflow["concurrency"]["group"]} == set()


def test_every_workflow_stops_at_a_failure_within_a_pipe(workflows):
    assert {name for name, workflow in workflows.items() if workflow["defaults"]["run"]["shell"] != "bash"} == set()


def test_every_job_declares_permissions_and_ends_in_time(jobs):
    assert {name for name, job in jobs.items() if "permissions" not in job} == set()
    own = {name: job for name, job in jobs.items() if "uses" not in job}
    assert {name for name, job in own.items() if not 0 < job["timeout-minutes"] <= 60} == set()


def test_no_workflow_reads_a_secret_or_a_long_lived_key():
    text = "".join(path.read_text() for path in GITHUB.rglob("*") if path.is_file())
    assert re.findall(r"secrets\.\w+|secrets: inherit|access-key|ACCESS_KEY|AKIA\w+|\b\d{12}\b", text) == []


def test_no_checkout_leaves_its_token_behind(jobs):
    checkouts = [step for job in jobs.values() for step in steps_using(job, "actions/checkout")]
    assert checkouts
    assert [step for step in checkouts if step["with"].get("persist-credentials") is not False] == []


def test_no_script_has_an_expression_pasted_into_it(scripts):
    assert {name for name, script in scripts.items() if "${{" in script} == set()


def test_only_jobs_that_become_a_role_may_ask_for_a_token(jobs):
    asking = {name for name, job in jobs.items() if (job["permissions"] or {}).get("id-token") == "write"}
    becoming = {name for name, job in jobs.items() if steps_using(job, "aws-actions/configure-aws-credentials")}
    assert asking == becoming != set()


def test_jobs_with_a_token_run_main_or_a_branch_of_this_repository(jobs):
    guards = ("github.ref == 'refs/heads/main'", "head.repo.full_name == github.repository")
    asking = {name: job for name, job in jobs.items() if "id-token" in (job["permissions"] or {})}
    assert {name for name, job in asking.items() if not any(guard in job.get("if", "") for guard in guards)} == set()


def test_jobs_with_a_token_restore_no_cache(jobs):
    asking = [job for job in jobs.values() if "id-token" in (job["permissions"] or {})]
    assert [step for job in asking for step in job["steps"] if "caches-packages" in step.get("with", {})] == []


def test_a_role_is_assumed_in_the_environment_that_its_trust_names(jobs):
    environments = {"plan": None, "deploy": "{stage}", "run": "{stage}-run"}
    wrong = {}
    for name, job in jobs.items():
        for stage, use in roles_of(job):
            expected = environments[use] and environments[use].format(stage=stage)
            given = job.get("environment")
            given = given and given.replace("${{ inputs.stage }}", stage)
            if stage not in STAGES or given != expected:
                wrong[name] = (stage, use, given)
    assert {role for job in jobs.values() for role in roles_of(job)} >= {
        (stage, use) for stage in STAGES for use in environments
    }
    assert wrong == {}


def test_prod_is_deployed_after_the_sandbox_and_never_torn_down(jobs, workflows):
    assert jobs["deploy.prod"]["needs"] == "sandbox"
    assert jobs["deploy.sandbox"]["needs"] == "ci"
    assert "prod" not in yaml.safe_dump(workflows["teardown"]["jobs"]).lower()


def test_every_make_target_exists(scripts):
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {target for script in scripts.values() for target in makes(script)}
    assert named >= {"setup", "test", "test-slow", "run", "down", "render", "diff", "deploy", "destroy"}
    assert named - known == set()


def test_every_verb_and_option_exists(scripts):
    calls = [
        (verb, set(re.findall(r"(?<=\s)--[a-z-]+", rest)))
        for script in scripts.values()
        for verb, rest in re.findall(r"-m pipelines ([a-z-]+)((?:[^|\n]|\\\n)*)", script)
    ]
    assert {verb for verb, _ in calls} == {"start"}
    for verb, options in calls:
        importlib.import_module(f"pipelines.verbs.{verb.replace('-', '_')}")
        command = ["-m", "pipelines", verb, "--help"]
        shown = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        assert {option for option in options if option not in shown} == set()


def test_ci_tests_every_python_that_the_scripts_accept(workflows):
    found = re.search(r"\((\d+), (\d+)\) <= .* <= \((\d+), (\d+)\)", (ROOT / "scripts" / "find-python.sh").read_text())
    major, first, _, last = map(int, found.groups())
    accepted = [f"{major}.{minor}" for minor in range(first, last + 1)]
    assert workflows["ci"]["jobs"]["test"]["strategy"]["matrix"]["python"] == accepted


def test_ci_runs_what_the_script_for_other_ci_systems_runs(workflows):
    script = [line for line in (ROOT / ".ci" / "run").read_text().splitlines() if line.startswith("make ")]
    steps = [step for job in workflows["ci"]["jobs"].values() for step in job["steps"]]
    assert [step["run"] for step in steps if step.get("run", "").startswith("make ")] == script


@pytest.mark.parametrize("ecosystem", ["github-actions", "pip", "npm"])
def test_dependabot_updates_an_ecosystem_after_a_cooldown(ecosystem):
    updates = yaml.safe_load((GITHUB / "dependabot.yml").read_text())["updates"]
    (own,) = [update for update in updates if update["package-ecosystem"] == ecosystem]
    assert own["cooldown"]["default-days"] >= 7
