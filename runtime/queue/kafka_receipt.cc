#include "queue/kafka_receipt.h"

#include <fmt/format.h>

#include <charconv>

namespace sluice::queue {

std::string kafka_receipt(const KafkaReceipt& receipt) {
  return fmt::format("{} {} {}", receipt.partition, receipt.offset, receipt.generation);
}

KafkaReceipt read_kafka_receipt(std::string_view text) {
  KafkaReceipt receipt;
  const auto number = [&](auto& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc()) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.starts_with(' ')) text.remove_prefix(1);
    return true;
  };
  if (number(receipt.partition) && number(receipt.offset) && number(receipt.generation))
    return receipt;
  return {};
}

}  // namespace sluice::queue
