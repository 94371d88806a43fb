// The option table of on_end. For dsl/job_options.cc, which joins it into its list.
//
// Threads: constant data.
#pragma once

#include "dsl/options.h"

namespace sluice::dsl {

inline constexpr Option kOnEnd[] = {
    {.name = "webhook",
     .type = ValueType::secret,
     .meaning =
         "an address that is sent the summary of a run by POST when it has finished, stopped "
         "or failed, by the scheme of Standard Webhooks; its path is "
         "never shown",
     .example = "\"https://example.com/hooks/sluice\"",
     .required = true,
     .min = 1,
     .max = 4096},
    {.name = "secret",
     .type = ValueType::secret,
     .meaning = "what signs the message: \"whsec_\" and base64, or any text",
     .example = "s.secret \"HOOK_SECRET\"",
     .fallback = "none: the message is not signed",
     .min = 1,
     .max = 1000},
};

inline constexpr Section kOnEndSection = {
    .name = "on_end",
    .kind = SectionKind::table,
    .meaning = "where the end of a run is told, an option of pipeline",
    .example =
        "on_end = { webhook = \"https://example.com/hooks/sluice\", secret = s.secret "
        "\"HOOK_SECRET\" }",
    .options = kOnEnd};

}  // namespace sluice::dsl
