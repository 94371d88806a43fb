// The options s3 and gcs, and what they make.
//
// Threads: as the Lua state.
#pragma once

#include <memory>
#include <span>

#include "dsl/arguments.h"
#include "dsl/options.h"
#include "place/places.h"

namespace sluice::dsl {

std::span<const Section> place_sections();

// In the tables of the stages that take them.
inline constexpr Option kS3Option{.name = "s3",
                                  .type = ValueType::table,
                                  .meaning = "how s3:// is reached, see s3",
                                  .example = "{ region = \"eu-central-1\" }",
                                  .fallback = "as the environment says"};
inline constexpr Option kGcsOption{.name = "gcs",
                                   .type = ValueType::table,
                                   .meaning = "how gs:// is reached, see gcs",
                                   .example = "{ anonymous = true }",
                                   .fallback = "as the environment says"};

// Of s.read or s.sink: what reaches the remote files that it names.
std::shared_ptr<place::Places> read_places(const Arguments& stage);

}  // namespace sluice::dsl
