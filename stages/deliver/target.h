// The target of a sink that takes lines in pieces: a table or a queue.
//
// Threads: any.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "format/column.h"
#include "format/record_target.h"
#include "stages/spec.h"

namespace sluice::deliver {

std::vector<format::Column> answer_columns(const stages::PipelineSpec& spec);

// Those of `to`, of what the lines have; none: all.
std::vector<std::string> columns_of(const stages::PipelineSpec& spec,
                                    const stages::DeliverySpec& to,
                                    const std::vector<format::Column>& answer);

// `to`: in_pieces().
std::unique_ptr<format::RecordTarget> target_of(const stages::PipelineSpec& spec,
                                                const stages::DeliverySpec& to);

}  // namespace sluice::deliver
