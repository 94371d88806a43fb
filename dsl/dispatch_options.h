// The option table of s.dispatch. For dsl/job_options.cc, which joins it into its list.
//
// Threads: constant data.
#pragma once

#include "dsl/options.h"

namespace sluice::dsl {

inline constexpr Option kDispatch[] = {
    {.name = "deadline",
     .type = ValueType::duration,
     .meaning =
         "from the start of the run, earlier questions included; when it is reached, the run "
         "drains and can go on later",
     .example = "\"1h30m\"",
     .fallback = "none"},
    {.name = "budget",
     .type = ValueType::money,
     .meaning = "for the whole job, earlier runs and all questions included; never passed. Wants "
                "max_output_tokens on the endpoints: a request counts at its worst until it is "
                "answered",
     .example = "\"$1500\"",
     .fallback = "none"},
    {.name = "prices",
     .type = ValueType::text,
     .meaning =
         "CSV file of prices, which win over the list prices, relative to the pipeline file; "
         "its columns: docs/reference.md, Prices",
     .example = "\"prices.csv\"",
     .fallback = "the file that SLUICE_PRICES names, if any",
     .min = 1,
     .max = 4096},
    {.name = "route",
     .type = ValueType::choice,
     .meaning = "which endpoint a request goes to, among those that can take it now: by expected "
                "cost, the first in the file, or in turn by weight (without weights, by what each "
                "has free). \"deadline\" waits for the cheapest: dearer ones get only what the "
                "cheaper cannot do before the deadline; without a deadline they get something only "
                "while no cheaper one is to be had (stopped, broken, without capacity); where "
                "nothing says how much is left (a pipe), it is as \"cheapest\"",
     .example = "\"cheapest\"",
     .fallback = "\"cheapest\"; \"deadline\" where an endpoint has tiers",
     .choices = "cheapest|in_order|spread|deadline"},
    {.name = "retries",
     .type = ValueType::whole,
     .meaning = "of one request after a failure, at most",
     .example = "7",
     .fallback = "7",
     .min = 0,
     .max = 100},
    {.name = "hedge",
     .type = ValueType::boolean,
     .meaning = "ask a request that takes longer than 95 % of its endpoint's answers a second time "
                "and take the first answer; at most 5 % more requests, which are paid for",
     .example = "true",
     .fallback = "false"},
};

inline constexpr Section kDispatchSection = {
    .name = "dispatch",
    .meaning = "who is asked, by when, and for how much",
    .example = "s.dispatch { s.openai { … }, deadline = \"1h\", budget = \"$1500\" }",
    .options = kDispatch,
    .positional = {
        .word = "endpoint",
        .type = "an endpoint",
        .luals = "sluice.Endpoint|sluice.Cascade",
        .meaning = "s.openai { … }, or the constructor of another service or server; or "
                   "one s.cascade { … } in place of all of them",
        .example = "s.openai { model = \"gpt-5.4-mini\", key = s.secret \"OPENAI_API_KEY\" }",
        .least = 1,
        .most = 1000}};

}  // namespace sluice::dsl
