// Which of librdkafka's settings a pipeline may give.
//
// Threads: any. Pure.
#pragma once

#include <optional>
#include <string_view>

namespace sluice::queue {

// Why a setting cannot be given: sluice sets it itself, or it runs or loads programs of the file's choice.
std::optional<std::string_view> refused_kafka_setting(std::string_view name);

// Whether what it holds may never be shown.
bool is_secret_kafka_setting(std::string_view name);

}  // namespace sluice::queue
