// A service that a pipeline file describes itself: a Profile whose rows and texts are its own, where
// those of the lists (codec/registry.h) are constant data.
//
// Threads: immutable once it is handed out as a Profile.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "provider/profile.h"

namespace sluice::provider {

class OwnProfile {
 public:
  // Begins as `base`; its rules and headers stand before the base's.
  explicit OwnProfile(const Profile& base) : profile_(base) {}
  OwnProfile(const OwnProfile&) = delete;
  OwnProfile& operator=(const OwnProfile&) = delete;

  // A copy that lives as long as this.
  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }
  void add(const ErrorRule& rule) { errors_.push_back(rule); }
  void add(const RateHeader& header) { rate_headers_.push_back(header); }
  Profile& profile() { return profile_; }

  static std::shared_ptr<const Profile> finish(std::unique_ptr<OwnProfile> own) {
    const auto with = [](auto& rows, auto& of_base) {
      rows.insert(rows.end(), of_base.begin(), of_base.end());
      of_base = rows;
    };
    with(own->errors_, own->profile_.errors);
    // Headers of its own take the place of the base's: two names for one quota would contradict.
    if (!own->rate_headers_.empty()) own->profile_.rate_headers = own->rate_headers_;
    const std::shared_ptr<OwnProfile> shared = std::move(own);
    return {shared, &shared->profile_};
  }

 private:
  std::deque<std::string> texts_;
  std::vector<ErrorRule> errors_;
  std::vector<RateHeader> rate_headers_;
  Profile profile_;
};

}  // namespace sluice::provider
