// The option table of fleet. For dsl/job_options.cc, which joins it into its list.
//
// Threads: constant data.
#pragma once

#include "dsl/options.h"

namespace sluice::dsl {

inline constexpr Option kFleet[] = {
    {.name = "quota",
     .type = ValueType::secret,
     .meaning = "a Redis server in which all processes keep what each may use of a key's limits: "
                "redis://[user:password@]host[:port][/db], "
                "rediss://… over TLS, unix:/path; it is never shown",
     .example = "s.secret \"REDIS_URL\"",
     .required = true,
     .min = 1,
     .max = 4096},
};

inline constexpr Section kFleetSection = {
    .name = "fleet",
    .kind = SectionKind::table,
    .meaning = "what other processes use too, with the same keys, an option of pipeline",
    .example = "fleet = { quota = s.secret \"REDIS_URL\" }",
    .options = kFleet};

}  // namespace sluice::dsl
