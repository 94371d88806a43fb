// The option table of s.embed. For dsl/job_options.cc, which joins it into its list.
//
// Threads: constant data.
#pragma once

#include "dsl/options.h"

namespace sluice::dsl {

inline constexpr Option kEmbed[] = {
    {.name = "text",
     .type = ValueType::prompt,
     .meaning = "text of one row: a template with {{field}} and {{a.b}}, or function(row) that "
                "returns it (or nil and the reason to reject the row)",
     .example = "\"{{title}}\\n{{body}}\"",
     .required = true},
    {.name = "dimensions",
     .type = ValueType::whole,
     .meaning = "numbers of a vector, where the model gives shorter ones than its own",
     .example = "512",
     .fallback = "the model's",
     .min = 1,
     .max = 65536},
    {.name = "as",
     .type = ValueType::text,
     .meaning = "column of the vectors in the output",
     .example = "\"vector\"",
     .fallback = "\"embedding\"",
     .min = 1,
     .max = 100},
    {.name = "rows",
     .type = ValueType::whole,
     .meaning = "texts in one request, at most",
     .example = "256",
     .fallback = "as many as the endpoints take: 2048 at OpenAI",
     .min = 1,
     .max = 2048},
    {.name = "tokens",
     .type = ValueType::whole,
     .meaning = "tokens of a request's texts, at most, as learned from earlier replies",
     .example = "100000",
     .fallback = "as many as the endpoints take: 300000 at OpenAI",
     .min = 1,
     .max = 10e6},
};

inline constexpr Section kEmbedSection = {
    .name = "embed",
    .meaning = "the question, in place of pack, where each row's text is to become a vector",
    .example = "s.embed { text = \"{{body}}\", dimensions = 512 }",
    .options = kEmbed};

}  // namespace sluice::dsl
