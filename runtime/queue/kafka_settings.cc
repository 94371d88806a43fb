#include "queue/kafka_settings.h"

#include <algorithm>
#include <array>

namespace sluice::queue {
namespace {

constexpr std::string_view kOursAlone = "sluice sets it itself";
constexpr std::string_view kRunsPrograms =
    "it runs or loads a program, which a pipeline file may not do";

struct RefusedSetting {
  std::string_view name;
  std::string_view why;
};
constexpr std::array kRefusedSettings = {
    RefusedSetting{"bootstrap.servers", kOursAlone},
    RefusedSetting{"metadata.broker.list", kOursAlone},
    RefusedSetting{"group.id", kOursAlone},
    RefusedSetting{"enable.auto.commit", kOursAlone},
    RefusedSetting{"auto.commit.enable", kOursAlone},
    RefusedSetting{"enable.auto.offset.store", kOursAlone},
    RefusedSetting{"enable.partition.eof", kOursAlone},
    RefusedSetting{"partition.assignment.strategy", kOursAlone},
    RefusedSetting{"enable.idempotence", kOursAlone},
    RefusedSetting{"acks", kOursAlone},
    RefusedSetting{"request.required.acks", kOursAlone},
    RefusedSetting{"transactional.id", kOursAlone},
    RefusedSetting{"delivery.timeout.ms", kOursAlone},
    RefusedSetting{"message.timeout.ms", kOursAlone},
    RefusedSetting{"plugin.library.paths", kRunsPrograms},
    RefusedSetting{"sasl.kerberos.kinit.cmd", kRunsPrograms},
    RefusedSetting{"ssl.engine.location", kRunsPrograms},
};

}  // namespace

std::optional<std::string_view> refused_kafka_setting(std::string_view name) {
  const auto* const found = std::ranges::find(kRefusedSettings, name, &RefusedSetting::name);
  if (found == kRefusedSettings.end()) return std::nullopt;
  return found->why;
}

bool is_secret_kafka_setting(std::string_view name) {
  return std::ranges::any_of(
      std::array{"password", "secret", "pem", "username", "sasl.oauthbearer.config"},
      [&](std::string_view part) { return name.contains(part); });
}

}  // namespace sluice::queue
