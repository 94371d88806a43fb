// Which delivery of a message of Kafka it was: where it stands, and since which assignment of its partition to this worker.
//
// Threads: any. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::queue {

struct KafkaReceipt {
  std::int32_t partition = -1;
  std::int64_t offset = -1;
  std::uint64_t generation = 0;  // from 1
};

std::string kafka_receipt(const KafkaReceipt& receipt);
// Of a text that is not one: a receipt of no partition.
KafkaReceipt read_kafka_receipt(std::string_view text);

}  // namespace sluice::queue
