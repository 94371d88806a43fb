#include "mock/fault.h"

#include <array>
#include <utility>

#include "mock/draws.h"
#include "simulate/random.h"

namespace sluice::mock {

Fault draw_fault(const Faults& f, std::uint64_t draw, const AnswerPlan* plan) {
  double at = simulate::unit(draw);
  const auto any = [&](const auto& shares) {
    for (const auto& [share, fault] : shares) {
      if (at < share) return fault;
      at -= share;
    }
    return Fault::none;
  };
  using Share = std::pair<double, Fault>;
  const Fault fault = any(std::array{
      Share{f.error_429, Fault::error_429}, Share{f.error_500, Fault::error_500},
      Share{f.error_503, Fault::error_503}, Share{f.reset, Fault::reset},
      Share{f.hang, Fault::hang}, Share{f.cut, Fault::cut}, Share{f.truncate, Fault::truncate},
      Share{f.garble, Fault::garble}, Share{f.reasoning_only, Fault::reasoning_only}});
  if (fault != Fault::none || !plan) return fault;
  at = simulate::unit(simulate::mix(draw, kPackFaultDraw));
  const Fault in_json =
      any(std::array{Share{f.drop_row, Fault::drop_row}, Share{f.double_row, Fault::double_row},
                     Share{f.foreign_id, Fault::foreign_id}, Share{f.re_id, Fault::re_id},
                     Share{f.reorder, Fault::reorder}, Share{f.fence, Fault::fence},
                     Share{f.trailing_comma, Fault::trailing_comma}});
  return in_json < Fault::fence && !plan->is_pack() ? Fault::none : in_json;
}

}  // namespace sluice::mock
