// The option table of fleet. For dsl/job_options.cc, which joins it into its list.
//
// Threads: constant data.
#pragma once

#include "dsl/options.h"

namespace sluice::dsl {

inline constexpr Option kFleet[] = {
    {.name = "quota",
     .type = ValueType::secret,
     .meaning = "a server in which all processes keep what each may use of a key's limits: Redis, "
                "redis://[user:password@]host[:port][/db], rediss://… over TLS, unix:/path; or "
                "PostgreSQL, postgresql://[user:password@]host[:port]/database; it is never shown",
     .example = "s.secret \"REDIS_URL\"",
     .fallback = "each process has the limits for itself",
     .min = 1,
     .max = 4096},
    {.name = "checkpoint",
     .type = ValueType::secret,
     .meaning = "a PostgreSQL server in which all processes that run this file keep one job: each "
                "takes a part of the input, one writes the output; "
                "postgresql://user:password@host:5432/database; it is never shown",
     .example = "s.secret \"DATABASE_URL\"",
     .fallback = "each process has a job of its own",
     .min = 1,
     .max = 4096},
    {.name = "shard_rows",
     .type = ValueType::whole,
     .meaning = "with checkpoint: so many records of the input a process takes at a time",
     .example = "5000",
     .fallback = "2000",
     .min = 1,
     .max = 1'000'000},
    {.name = "budget",
     .type = ValueType::text,
     .meaning =
         "the name under which processes share the budget of s.dispatch in that server; those "
         "that name the same one spend from one budget together",
     .example = "\"tickets-november\"",
     .fallback = "the job's name",
     .min = 1,
     .max = 200},
};

inline constexpr Section kFleetSection = {
    .name = "fleet",
    .kind = SectionKind::table,
    .meaning =
        "what other processes use too, an option of pipeline: the limits of the same keys, "
        "the same job, or both",
    .example = "fleet = { quota = s.secret \"REDIS_URL\", checkpoint = s.secret \"DATABASE_URL\" }",
    .options = kFleet};

}  // namespace sluice::dsl
