#include "inspect/reject_reasons.h"

#include <algorithm>
#include <functional>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

namespace sluice::inspect {

core::Result<RejectReasons> reject_reasons(checkpoint::View& view, std::uint64_t most) {
  RejectReasons found;
  std::map<std::pair<std::string, std::string>, RejectReason> reasons;
  const core::Error enough;
  const auto read = view.each_reject([&](const checkpoint::View::Ended& ended) -> core::Status {
    if (found.rows == most) return std::unexpected(enough);
    ++found.rows;
    RejectLine reject = read_reject(ended.line);
    RejectReason& one = reasons[{reject.stage, reject.reason}];
    if (one.rows++ == 0) one.example = std::move(reject);
    return {};
  });
  if (!read && found.rows < most) return std::unexpected(read.error());
  for (auto& [name, one] : reasons) found.reasons.push_back(std::move(one));
  std::ranges::sort(found.reasons, {}, [](const RejectReason& one) {
    return std::tuple(~one.rows, std::string_view(one.example.stage),
                      std::string_view(one.example.reason));
  });
  return found;
}

}  // namespace sluice::inspect
