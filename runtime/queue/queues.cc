#include "queue/queues.h"

#include "queue/stream_look.h"
#include "queue/stream_source.h"
#include "queue/stream_target.h"

namespace sluice::queue {

std::string name_of(const Spec& spec) {
  return "redis:" + spec.stream;
}

core::Result<std::unique_ptr<format::RecordSource>> open_source(const Spec& spec) {
  return spec.take ? open_stream_source(spec) : open_stream_look(spec);
}

std::unique_ptr<format::RecordTarget> make_target(Target target) {
  return make_stream_target(std::move(target));
}

}  // namespace sluice::queue
