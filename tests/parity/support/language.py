"""Makes random expressions of the expression language, by type.

What is made stays where the reference can be trusted (see "Expressions" in `docs/differences.md`), so that every
difference counts: whole columns do not meet each other in arithmetic, branches have one type, no text is empty or
beyond ASCII, and `min`, `max` and `clamp` see no null.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from .steps import Scenario, read, rows, scenario, table, view

# `i`, `f`, `s`, `b`, `d` and `at` hold nulls; `j`, `g` and `t` do not.
DATA = rows("i", "j", "f", "g", "s", "t", "b", "d", "at", of=[
    [7, 2, 1.5, 2.5, "Hello World", "abc", True, "2020-01-15", "2020-01-15 13:45:30.250"],
    [-7, 3, -2.5, 0.25, "foo bar", "Foo", False, "2021-12-31", "2021-12-31 23:59:59"],
    [0, 1, 0.0, -1.5, "zz9", "a1b22", True, "2020-02-29", "2000-06-15 00:00:00.500"],
    [None, 5, None, 8.0, None, "x,y;z", None, None, None],
    [12, 4, 100.25, 3.75, "apple,pear", "foo", False, "1999-03-07", "2024-03-10 07:08:09"],
    [3, 9, -0.125, -40.0, "abc", "abc", True, "2024-12-30", "1970-01-01 00:00:00"],
])  # fmt: skip

PATTERNS = ["o", "[a-z]+", "^[A-Z]", "[0-9]", "(?i)foo", "\\\\d+", "b.$", "a|z", "[^a-z]"]
GROUPS = ["([a-z]+)", "(o.)", "([0-9]+)", "^(.)", "(\\\\w)\\\\W", "(l*)o", "[,; ](.*)"]
WORDS = ["abc", "foo", "x", "Hello", "o", "zz9", "a b", "-", "1"]


@dataclass
class Writer:
    """The expressions of one seed."""

    seed: int
    random: random.Random = field(init=False)
    variables: dict[str, list[str]] = field(init=False)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.variables = {}

    def one(self, *choices: str) -> str:
        return self.random.choice(choices)

    def literal(self) -> str:
        return self.one("1", "2", "0.5", "3", "10", "1.25", "7", "100", "0.1", "-3", "1e2")

    def number(self, depth: int, *, null: bool = True) -> str:
        """A float; `null` False: one that is never null."""
        known = self.variables.get("number", [])
        if depth <= 0:
            columns = ['"f"', '"g"', '"i" * 1.5', '("i" + 0.5)'] if null else ['"g"', '("j" * 0.5)']
            return self.one(*columns, self.literal(), *(known if null else []))
        sub = depth - 1
        a, b = self.number(sub, null=null), self.number(sub, null=null)
        always = [
            f"({a} + {b})", f"({a} - {b})", f"({a} * {b})", f"-({a})", f"abs({a} * 1.0)", f"floor({a})", f"ceil({a})", f"round({a})",
            f"({self.boolean(sub)} ? {a} : {b})", f"if ({self.boolean(sub)}) {a}; else {b};" if depth > 2 and not known else f"if({self.boolean(sub)}, {a}, {b})",
        ]  # fmt: skip
        if not null:
            return self.one(*(text for text in always if not text.startswith("if (")), f"min({a}, {b})", f"max({a}, {b}, 1)", f"clamp(-2, {a}, 5)")
        name = self.one("sqrt", "log", "log10", "log2", "log1p", "exp", "sin", "cos", "tan", "atan", "asin", "tanh", "frac", "deg2rad", "expm1", "sinh", "erf", "sinc")
        return self.one(
            *(text for text in always if not text.startswith("if (")), f"({a} / {b})", f"({a} % {b})", f"({a} ^ 2)", f"{name}({a})", f"{name}(({a}) / 10)",
            f"bucket({a}, {self.one('5', '0.5', '2', '10')})", f"percent_of({a}, {b})", f"sum({a}, {b}, 1)", f"avg({a}, {b})", f"mul({a}, {b})", f"pow({a}, 2)",
            f"logn({a}, 2)", f"root({a}, 3)", f"length({self.text(sub)})", f"order({self.text(0)}, 'abc', 'foo')", 'hour_of_day("at")', f"coalesce({a}, {b})", f"float({a})",
            f"(sgn({a}) * 1.5)", f"(trunc({a}) + 0.5)", f"float(string({self.one('1.5', '2', '100')}))",
            f"switch {{ case {self.boolean(sub)} : {a}; case {self.boolean(sub)} : {b}; default : {self.literal()}; }}",
            self.min_max(sub),
        )  # fmt: skip

    def min_max(self, depth: int) -> str:
        return f"{self.one('min', 'max')}({self.number(depth, null=False)}, {self.number(depth, null=False)})"

    def boolean(self, depth: int) -> str:
        if depth <= 0:
            return self.one('"b"', '"f" > 0', '"g" < 1', '"i" != 0', '"s" == \'abc\'', '"t" != "s"', "true", 'is_null("f")', 'is_not_null("s")')
        sub = depth - 1
        comparison = self.one("==", "!=", "<", "<=", ">", ">=")
        return self.one(
            f"({self.number(sub)} {comparison} {self.number(sub)})", f"({self.text(sub)} {self.one('==', '!=')} {self.text(sub)})",
            f"({self.boolean(sub)} {self.one('and', 'or', 'xor', 'nand', 'nor', 'xnor')} {self.boolean(sub)})", f"not({self.boolean(sub)})",
            f"is_null({self.number(sub)})", f"is_not_null({self.text(sub)})", f"contains({self.text(0)}, '{self.one(*WORDS)}')", f"match({self.text(0)}, '{self.one(*PATTERNS)}')",
            f"match_all({self.text(0)}, '{self.one(*PATTERNS)}')", f"inrange(-5, {self.number(sub, null=False)}, 10)", f"({self.date(sub)} {comparison} {self.date(sub)})",
            f"({self.datetime()} {comparison} {self.datetime()})", f"boolean({self.number(sub)})", f"({self.text(0)} {comparison} {self.text(0)})",
        )  # fmt: skip

    def text(self, depth: int) -> str:
        known = self.variables.get("text", [])
        if depth <= 0:
            return self.one('"s"', '"t"', f"'{self.one(*WORDS)}'", *known)
        sub = depth - 1
        return self.one(
            f"upper({self.text(sub)})", f"lower({self.text(sub)})", f"concat({self.text(sub)}, {self.text(sub)})", f"concat({self.text(sub)}, '{self.one(*WORDS)}', {self.text(0)})",
            f"substring({self.text(sub)}, {self.one('0', '1', '2')})", f"substring({self.text(sub)}, {self.one('0', '1')}, {self.one('1', '2', '5')})",
            f"search({self.text(0)}, '{self.one(*GROUPS[:5])}')", f"replace(\"t\", '{self.one(*PATTERNS)}', '{self.one(*WORDS)}')",
            f"replace_all(\"t\", '{self.one(*PATTERNS)}', '{self.one(*WORDS)}')", "replace_all(\"t\", '([a-z])', '<\\\\1>')", 'day_of_week("d")', 'month_of_year("at")',
            'day_of_week("at")', 'month_of_year("d")', f"({self.boolean(sub)} ? {self.text(sub)} : {self.text(sub)})", f"coalesce({self.text(0)}, {self.text(0)})",
            'string("i")', 'string("b")', 'string("d")', 'string("f")', f"if({self.boolean(sub)}, {self.text(sub)}, {self.text(sub)})",
        )  # fmt: skip

    def date(self, depth: int) -> str:
        plain = ['"d"', f"date({self.one('2020', '1999', '2024')}, {self.one('1', '2', '12')}, {self.one('1', '15', '28', '30')})"]
        units = [f"bucket({column}, '{unit}')" for column in ('"d"', '"at"') for unit in "DWMY"]
        return self.one(*plain, *units) if depth <= 0 else self.one(*plain, *units, f"({self.boolean(depth - 1)} ? {self.date(0)} : {self.date(0)})")

    def datetime(self) -> str:
        return self.one('"at"', *(f"bucket(\"at\", '{unit}')" for unit in ["s", "m", "h", "15m", "5s", "30m"]), "datetime(1577836800000)", 'datetime(("j" * 1e9))')

    def script(self, depth: int) -> str:
        """Statements over variables, with or without a loop."""
        self.variables = {"number": ["x"], "text": []}
        start, again = self.number(1), self.number(depth)
        loop = self.one(
            f"for (var k := 0; k < {self.one('3', '5')}; k += 1) {{ x := x * 0.5 + k; }};",
            f"for (var k := 0; k < 4; k += 1) {{ if (k == 2) {{ break; }}; x += {self.number(0)}; }};",
            "var n := 0; while (n < 3) { n += 1; x := x + n; };",
            f"if ({self.boolean(1)}) {{ x := {self.number(1)}; }} else {{ x += 1; }};",
            f"x {self.one('+=', '-=', '*=')} {self.number(1)};", f"var v[3] := {{x, {self.number(0)}, 3}}; x := v[1] + v[2];", "",
        )  # fmt: skip
        self.variables = {}
        return f"var x := {start}; {loop} {self.one('x', again)}"

    def expression(self) -> str:
        depth = self.random.choice([1, 2, 2, 3, 3, 4])
        match self.random.choice(["number", "number", "boolean", "text", "text", "date", "datetime", "script"]):
            case "number":
                return self.number(depth)
            case "boolean":
                return self.boolean(depth)
            case "text":
                return self.text(depth)
            case "date":
                return self.date(depth)
            case "datetime":
                return self.datetime()
            case _:
                return self.script(min(depth, 2))


def expressions(seed: int, count: int = 10) -> Scenario:
    """A view for each of some expressions of the seed."""
    writer = Writer(seed)
    steps = [table(DATA)]
    for number in range(count):
        name = f"v{number}"
        steps.append(view(name_as=name, expressions={"e": writer.expression()}, columns=["e"]))
        steps += [read("to_columns", on=name), read("expression_schema", on=name)]
    return scenario(f"language/{seed}", *steps, texts=False)


def named(scenario: Scenario, differences: list[str]) -> list[str]:
    """Differences of such a scenario, each with the expression it is about."""
    lines = []
    for line in differences:
        at = int(line.partition(":")[0])
        made = scenario["steps"][at - (at - 1) % 3]
        lines += [made["config"]["expressions"]["e"], f"    {line}"]
    return lines
