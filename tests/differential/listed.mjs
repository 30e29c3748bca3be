// Where Sightline answers otherwise than the reference on purpose: a pattern of `scenario / step`, and the reason.
//
// Most reasons are rows of docs/differences.md. A pattern that matches nothing any more fails the test, so that the
// list does not outlive what it excuses.

export const LISTED = [
  // Data.
  [/^data: table of broken json \/ /, "broken JSON is an error, not an empty table"],
  [/^data: every type \/ inferred/, "large JSON integers stay integers"],
  [/^data: table of (broken columns|columns text that is rows|ragged csv) \/ table/, "the place of the fault is named"],
  [/^errors: data \/ (table|update|replace) (of|with) (bad arrow|no bytes)/, "faults of Arrow in the words of our reader"],
  [/^errors: data \/ .* function$/, "a function is no data"],
  [/^errors: data \/ bad utf-8/, "in words"],
  [/^errors: data \/ rows still there/, "a replace that fails leaves the rows"],
  [/^tables: string index and removal \/ objects/, "the place of the fault is named"],
  [/^tables: options \/ no such index in a schema/, "one text for all kinds of data"],
  [/^tables: a view of another table \/ a table is no data/, "the text names a table rather than its memory address"],

  // Views.
  [/^config: .* \/ get_config .*|^config: window .* \/ get_config/, "get_config tells the windows"],
  [/^config: every aggregate \/ (last|high|low|high minus low) of/, "get_config names aggregates as they can be asked for"],
  [/^config: every aggregate \/ (and|join|sum|abs sum|sum abs|mul) of/, "the label of a column is the type of its cells"],
  [/^config: every aggregate \/ (min|low|q1|median|mul|high|high minus low|any|or|distinct leaf|dominant) of/, "null takes part in none"],
  [/^config: every aggregate \/ (stddev|var|variance|last minus first|high minus low) of [sdt]/, "text and times have no such thing: an error"],
  [/^config: every aggregate \/ (sum not null|last minus first|high minus low|stddev|var|variance|q1) of b/, "booleans are counted as 0 and 1"],
  [/^config: every filter \/ . (>|>=) null/, "a comparison with null passes nothing"],
  [/^config: every filter \/ . .* \[/, "get_config gives operands as they were given"],
  [/^config: every filter \/ . (not )?in /, "get_config adds no nulls"],
  [/^config: every filter \/ i .* 1\.5/, "1.5 equals no integer"],
  [/^config: every filter \/ b .* "true"/, '"true" is true'],
  [/^config: every filter \/ f .* "x"/, "the text is named"],
  [/^config: filter or \/ /, "`or` passes rows that meet one filter"],
  [/^config: sort desc abs \/ /, "rows of equal magnitude stay in order of their keys"],
  [/^config: sort columns ascending \/ /, "columns of split-only views come in order of their values"],
  [/^config: every sort of every type \/ s (asc|desc) abs/, "text has no magnitude: it sorts as text"],
  [/^config: every sort of every type \/ . (asc|desc) abs grouped/, "groups sort by their names"],
  [/^config: .* \/ ids$/, "rows of split views have their keys"],
  [/^config: split and no columns \/ (all rows|ndjson)/, "rows without columns are not told of"],
  [/^config: split by two \/ min max|^output: min and max \/ .*split_by/, "null takes part in no minimum"],
  [/^config: window partition \/ /, "`rank` exists here"],
  [/^output: min and max \/ \S+ d/, "milliseconds since 1970 UTC"],

  [/^config: every filter \/ [ifbdt] (begins with|ends with|contains|not contains|matches) /, "these operators are for text"],
  [/^config: every filter \/ s (begins with|ends with) /, "get_config names operators as they can be asked for"],
  [/^config: every filter \/ s not contains/, "`not ...` keeps nulls, as `!=` and `not in` do"],
  [/^config: given again .*"or"/, "`or` passes rows that meet one filter"],
  [/^config: split and no columns \/ min max/, "a view without columns knows its table's"],
  [/^errors: config with doubled group/, "a column groups once, as in 5.6"],
  [/^errors: option (table (options|limit negative)|update options|window|min max of|expand of|depth of) ?.* \/ call/, "in words"],
  [/^errors: config with list/, "a list is no configuration"],

  // Output.
  [/^output: windows of a (split|both) view \/ /, "null cells of split views are null"],
  [/^output: windows of a .* view \/ (rows|columns|to_json|to_columns) .*"index":true/, "keys under a group come in descending order"],
  [/^output: typed arrays of a (split|both) view \/ /, "null cells of split views are null"],
  [/^output: formats of values \/ split/, "headers spell a float in all its digits"],
  [/^output: legacy row path names \/ false csv/, "machine names hold for CSV as well"],

  // Events.
  [/^events: row mode \/ .*split_by/, "the delta has the changed rows only"],
  [/^events: incremental sequences \/ [234] /, "a cleared cell leaves sums and filters"],

  // Expressions.
  [/^expressions: "i" \* "i" \/ /, "products of integers are integers"],
  [/^expressions: (clamp\(0, "f", 2\)|abs\("i"\)|integer\("t"\)|if \("b"\) 1; else 'x';|'a' \+ 'b'|"i" & "b") \/ /, "computed, or refused, rather than wrong"],
  [/^expressions: (atan2\("f", 1\)|intern\('abc'\)|return "i"|"d" \+ 1|"t" - "t") \/ /, "understood here"],
  [/^expressions: .* \/ validate/, "positions point into the text as it was written"],
  [/^expressions: (!"b"|"s" in \('x'\)|repeat 1 until true) \/ values/, "other words for a fault of syntax"],
  [/^tables: validate_expressions \/ object/, "positions point into the text as it was written"],

  // The module.
  [/^module: exports \/ .* (GenericSQLVirtualServerModel|VirtualDataSlice|VirtualServer|createMessageHandler)$/, "virtual servers run in Python here"],
  [/^module: errors of the transport \/ /, "the error of the transport as it was, without a stack in its text"],
  [/^errors: config with filter of four/, "in words"],
];
