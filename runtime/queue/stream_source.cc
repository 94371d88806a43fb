#include "queue/stream_source.h"

#include <chrono>
#include <utility>

#include "queue/stream_feed.h"

namespace sluice::queue {
namespace {

constexpr std::chrono::milliseconds kWait{20};
constexpr std::chrono::seconds kCloseWithin{10};

class StreamSource final : public format::RecordSource {
 public:
  StreamSource(Spec spec, std::unique_ptr<StreamFeed> feed)
      : spec_(std::move(spec)), feed_(std::move(feed)) {}

  core::Result<State> read(const Take& take) override {
    auto next = feed_->next(kWait);
    if (!next) return std::unexpected(next.error());
    if (next->entries.empty()) return next->idle ? State::end : State::waiting;
    std::uint64_t ticket = next->first_ticket;
    for (const Entry& entry : next->entries) {
      const EntryRow row = row_of(entry, spec_.field, spec_.max_deliveries);
      if (!take(
              {.text = row.text, .line = ticket++, .reject = row.reject ? &*row.reject : nullptr}))
        return State::stopped;
    }
    return State::more;
  }
  format::RecordReader::Description description() const override {
    return {.format = "Redis stream", .columns = {}};
  }
  bool acknowledged() const override { return true; }
  void ended(std::span<const std::uint64_t> lines) override { feed_->ended(lines); }
  core::Status close() override { return feed_->close(kCloseWithin); }

 private:
  const Spec spec_;
  const std::unique_ptr<StreamFeed> feed_;
};

}  // namespace

core::Result<std::unique_ptr<format::RecordSource>> open_stream_source(const Spec& spec) {
  auto feed = StreamFeed::open(spec);
  if (!feed) return std::unexpected(feed.error());
  return std::make_unique<StreamSource>(spec, std::move(*feed));
}

}  // namespace sluice::queue
