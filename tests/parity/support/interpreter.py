"""Runs a scenario on a module that offers the Perspective Python API, and collects what it answers.

In: a scenario (see `steps`). Out: a list of `[label, value]`, one for each step that answered something or raised.
An error ends the step, not the scenario: what follows shows whether the failed step left anything behind. Steps on an
object that could not be made are passed over.
"""

from __future__ import annotations

import json
from typing import Any

from . import inputs, outputs
from .steps import Scenario, Step

Output = list[Any]  # [label, value]

MADE_BY = {"table", "view", "join", "copy"}


def run(module: Any, scenario: Scenario) -> list[Output]:
    """All outputs of a scenario, on a server of its own."""
    return Run(module).run(scenario)


class Run:
    """The objects that the steps so far have made, and what was heard and answered."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.server = module.Server()
        self.known: dict[str, Any] = {"client": self.server.new_local_client()}
        self.heard: dict[str, list[Any]] = {}
        self.ids: dict[str, int] = {}

    def run(self, scenario: Scenario) -> list[Output]:
        answers: list[Output] = []
        for at, step in enumerate(scenario["steps"]):
            if not all(name in self.known or name in self.heard for name in needs(step)):
                continue
            label = f"{step.get('at', at)}:{describe(step)}"
            try:
                value = self.step(step)
            except Exception as error:  # Whatever a module raises is its answer.
                answers.append([label, outputs.encode_error(error, self.module.PerspectiveError)])
                continue
            if value is not None and step["do"] not in MADE_BY | {"listen"}:
                # By way of JSON, so that answers of this process and of another one compare equal.
                answers.append([label, json.loads(json.dumps(outputs.encode(value)))])
        return answers

    def step(self, step: Step) -> Any:
        match step["do"]:
            case "table":
                data = inputs.resolve(step["data"], self.known)
                self.known[step["as"]] = self.known["client"].table(data, **step["options"])
            case "view":
                self.known[step["as"]] = self.known[step["on"]].view(**step["config"])
            case "copy":
                # A table of its own with what a view holds.
                data = self.known[step["on"]].to_arrow()
                self.known[step["as"]] = self.known["client"].table(data, **step["options"])
            case "join":
                tables = [self.known.get(step[side], step[side]) for side in ("left", "right")]
                made = self.known["client"].join(*tables, step["on"], *step["args"], **step["kwargs"])
                self.known[step["as"]] = made
            case "call":
                args = [inputs.resolve(arg, self.known) for arg in step["args"]]
                return getattr(self.known[step["on"]], step["method"])(*args, **step["kwargs"])
            case "listen":
                calls: list[Any] = []
                subscribe = getattr(self.known[step["on"]], step["event"])
                self.heard[step["as"]] = calls
                self.ids[step["as"]] = subscribe(lambda *args: calls.append(list(args)), **step["kwargs"])
            case "heard":
                calls = self.heard[step["of"]]
                taken = calls.copy()
                calls.clear()
                return taken
            case "unlisten":
                getattr(self.known[step["on"]], step["method"])(self.ids[step["of"]])
            case other:
                raise ValueError(f"unknown step `{other}`")
        return None


def needs(step: Step) -> list[str]:
    """The names of the objects that a step works on."""
    names = [step["on"]] if step["do"] in {"view", "call", "copy", "listen", "unlisten"} else []
    names += [step["of"]] if step["do"] in {"heard", "unlisten"} else []
    datas = [step["data"]] if step["do"] == "table" else step.get("args", [])
    for data in datas:
        if isinstance(data, dict) and len(data) == 1:
            names += [body for tag, body in data.items() if tag in {"$view", "$table"}]
    return names


def describe(step: Step) -> str:
    """What a step does, for its label: `v.to_columns`."""
    match step["do"]:
        case "table" | "view" | "join" | "copy" as do:
            return f"{do} {step['as']}"
        case "call":
            return f"{step['on']}.{step['method']}"
        case "listen":
            return f"{step['on']}.{step['event']}"
        case do:
            return f"{do} {step['of']}"
