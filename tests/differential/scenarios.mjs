// All scenarios, by name: `theme: what`. Each gets `{ perspective, exports, step, freshClient }`.

import config from "./scenarios/config.mjs";
import data from "./scenarios/data.mjs";
import errors from "./scenarios/errors.mjs";
import events from "./scenarios/events.mjs";
import expressions from "./scenarios/expressions.mjs";
import module from "./scenarios/module.mjs";
import output from "./scenarios/output.mjs";
import tables from "./scenarios/tables.mjs";

export const scenarios = {
  ...data,
  ...tables,
  ...config,
  ...expressions,
  ...output,
  ...events,
  ...errors,
  ...module,
};
