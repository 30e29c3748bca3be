"""CSV: types inferred over the whole column, quoting, odd shapes (semantics 1.3)."""

from __future__ import annotations

from typing import Any

from ..support.steps import Scenario, call, csv, differs, raises, read, scenario, table, view


def load(name: str, body: str, **options: Any) -> Scenario:
    return scenario(
        name, table(csv(body), **options), view(), read("to_columns"), call("t", "columns"), call("t", "schema"),
        read("to_csv"), texts=False,
    )


CELLS = {
    "integer": "1,-2,3",
    "integer_leading_zeros": "007,010",
    "integer_plus": "+1,2",
    "integer_int64": "1,2147483648",
    "integer_exact": "9007199254740993,1",
    "integer_too_long": "92233720368547758080,1",
    "float": "1.5,2",
    "float_exponent": "1e3,2.5E-2",
    "float_point_first": ".5,1.",
    "boolean": "true,false",
    "boolean_case": "True,FALSE,TRUE",
    "boolean_and_text": "true,maybe",
    "date": "2020-01-01,2021-12-31",
    "date_and_text": "2020-01-01,x",
    "date_month_first": "01/02/2020,12/31/2020",
    "date_and_datetime": "2020-01-01,2020-01-01 10:00:00",
    "datetime": "2020-01-01 10:00:00,2020-01-01 10:00:01",
    "datetime_t": "2020-01-01T10:00:00,2020-01-02T00:00:00",
    "datetime_z": "2020-01-01T10:00:00Z",
    "datetime_offset": "2020-01-01T10:00:00+02:00",
    "datetime_fraction": "2020-01-01 10:00:00.123",
    "datetime_minutes": "2020-01-01 10:00",
    "time": "10:00:00,00:00:01",
    "string": "x,y",
    "string_and_integer": "x,1",
    "integer_and_string": "1,x",
    "unicode": "äöü,日本,🙂",
    "spaces": " x, y ",
    "integer_spaces": "1 , 2",
    "integer_null_word": "1,null,3",
    "integer_na": "1,NA,3",
    "all_null_words": "NA,NaN",
    "nan_float": "1.5,NaN",
    "inf_float": "1.5,inf",
    "string_null_word": "x,null",
    "string_na_word": "x,NA",
    "hex": "0x10,1",
    "percent": "1%,2%",
    "money": "$1,$2",
    "thousands": '"1,000","2,000"',
}

BODIES = {
    "two_columns": "a,b\n1,x\n2,y\n",
    "no_final_newline": "a,b\n1,x\n2,y",
    "crlf": "a,b\r\n1,x\r\n2,y\r\n",
    "bom": "\ufeffa,b\n1,x\n",
    "blank_lines": "a,b\n\n1,x\n\n2,y\n\n",
    "quoted": 'a,b\n1,"x, y"\n2,"say ""hi"""\n',
    "quoted_newline": 'a,b\n1,"x\ny"\n2,z\n',
    "quoted_numbers": 'a,b\n"1","2.5"\n"3","4"\n',
    "quoted_header": '"a","b c"\n1,2\n',
    "empty_cells": "a,b,c\n1,,x\n,2.5,\n",
    "empty_quoted": 'a,b\n1,""\n2,x\n',
    "empty_first_rows": "a,b\n,x\n1,y\n",
    "one_column_blank": "a\n1\n\n3\n",
    "duplicate_header": "a,a\n1,2\n",
    "header_only": "a,b\n",
    "header_only_no_newline": "a,b",
    "unicode_header": "größe,名\n1,x\n",
    "spaces_in_header": " a ,b\n1,2\n",
    "semicolons": "a;b\n1;2\n",
    "many_rows": "a,b\n" + "".join(f"{i},{i * 0.5}\n" for i in range(500)),
    "type_changes_late": "a\n" + "1\n" * 300 + "x\n",
    "float_appears_late": "a\n" + "1\n" * 300 + "1.5\n",
    "too_few_cells": "a,b\n1\n",
    "too_many_cells": "a,b\n1,2,3\n",
    "empty": "",
    "json_text_without_format": '[{"a": 1}]',
}

SCENARIOS: list[Scenario] = [
    *(load(f"cell/{name}", "a\n" + "\n".join(cells.split(",") if '"' not in cells else cells.split('","')) + "\n")
      for name, cells in CELLS.items() if name != "thousands"),
    load("cell/thousands", 'a\n"1,000"\n"2,000"\n'),
    *(load(f"body/{name}", body) for name, body in BODIES.items()),
    load("options/index", "k,x\nb,1\na,2\nb,3\n", index="k"),
    load("options/limit", "x\n1\n2\n3\n4\n", limit=2),
    load("options/format", "x\n1\n", format="csv"),
    scenario("broken/unclosed_quote", differs(table(csv('a,b\n1,"x\n2,y\n')), raises(), "a malformed file is refused")),
]
