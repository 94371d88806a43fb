#include "observe/observer.h"

#include <utility>

namespace sluice::observe {

std::string_view how_name(RequestEnded::How how) {
  using How = RequestEnded::How;
  switch (how) {
    case How::answered:
      return "answered";
    case How::rejected:
      return "rejected";
    case How::split:
      return "split";
    case How::released:
      return "released";
    case How::parked:
      return "parked";
  }
  std::unreachable();
}

}  // namespace sluice::observe
