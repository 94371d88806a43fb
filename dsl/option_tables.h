// The parts that sections() (dsl/options.h) is joined from.
//
// Threads: constant data.
#pragma once

#include <span>

#include "dsl/options.h"

namespace sluice::dsl {

std::span<const Section> job_sections();
std::span<const Section> table_sections();
std::span<const Section> queue_sections();
std::span<const Section> cascade_sections();
std::span<const Section> endpoint_sections();
std::span<const Section> own_profile_sections();
std::span<const Section> tier_sections();   // within those of the endpoints
std::span<const Section> price_sections();  // within those of the endpoints
std::span<const Section> field_sections();

}  // namespace sluice::dsl
