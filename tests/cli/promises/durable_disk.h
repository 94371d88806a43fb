// A job's folder on a disk that loses its power: what was not synced is then lost, kept or torn by
// the page, by chance, and so are names that were made, changed or removed in folders that were not
// synced since (unsynced_writes.cc keeps what was).
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <string>

#include "tests/cli/promises/durable_names.h"

namespace sluice::cli {

class DurableDisk {
 public:
  // `names`: what in `folder` is the job's; all else there stays as it is.
  DurableDisk(std::string folder, std::set<std::string> names)
      : folder_(std::move(folder)), durable_(folder_ + "/durable"), names_(std::move(names)) {}

  // What $SLUICE_DURABLE has to be.
  const std::string& durable() const { return durable_; }

  // All that is there now is on the disk.
  void settle() const {
    std::filesystem::remove_all(durable_);
    std::filesystem::create_directories(durable_);
    settle(folder_);
  }

  // Nobody may have the job's files open.
  void lose_power(std::mt19937_64& random) const {
    const std::uint64_t bias = random() % 3;  // all lost, by chance, all kept
    const auto keeps = [&] { return bias == 2 || (bias == 1 && random() % 2 == 0); };
    restore(folder_, keeps);
  }

 private:
  static constexpr std::size_t kPage = 4096;
  using Names = std::map<std::string, std::string>;  // of files, to what they are

  static std::string read(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return std::move(text).str();
  }
  static void write(const std::string& path, std::string_view text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        .write(text.data(), static_cast<std::streamsize>(text.size()));
  }
  Names names_in(const std::string& folder) const {
    Names names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      const std::string name = entry.path().filename();
      if (folder == folder_ && !names_.contains(name)) continue;
      names[name] = id_of(AT_FDCWD, entry.path().c_str());
    }
    return names;
  }
  Names durable_names_in(const std::string& folder) const {
    Names names;
    std::ifstream in(durable_ + "/names-" + id_of(AT_FDCWD, folder.c_str()));
    for (std::string name, id; in >> name >> id;)
      if (folder != folder_ || names_.contains(name)) names[name] = id;
    return names;
  }

  void settle(const std::string& folder) const {
    std::string names;
    for (const auto& [name, id] : names_in(folder)) {
      names += name + " " + id + "\n";
      const std::string path = folder + "/" + name;
      if (std::filesystem::is_directory(path)) {
        settle(path);
      } else {
        write(durable_ + "/file-" + id, read(path));
      }
    }
    write(durable_ + "/names-" + id_of(AT_FDCWD, folder.c_str()), names);
  }

  template <class Keeps>
  void restore(const std::string& folder, const Keeps& keeps) const {
    const Names now = names_in(folder);
    const Names durable = durable_names_in(folder);
    std::map<std::string, std::string> bytes;  // of what is there now
    for (const auto& [name, id] : now)
      if (!std::filesystem::is_directory(folder + "/" + name))
        bytes[id] = read(folder + "/" + name);
    std::map<std::string, bool> kept;  // what was renamed is there once
    std::set<std::string> all;
    for (const Names* names : {&now, &durable})
      for (const auto& [name, id] : *names) all.insert(name);
    for (const std::string& name : all) {
      const auto id_in = [&](const Names& names) {
        const auto at = names.find(name);
        return at == names.end() ? std::string() : at->second;
      };
      const std::string is = id_in(now);
      const std::string was = id_in(durable);
      std::string chosen = is;
      if (is != was) {
        const std::string& changed = is.empty() ? was : is;
        if (!kept.contains(changed)) kept[changed] = keeps();
        if (!kept[changed]) chosen = was;
      }
      const std::string path = folder + "/" + name;
      if (chosen == is && std::filesystem::is_directory(path)) {
        restore(path, keeps);
        continue;
      }
      std::filesystem::remove_all(path);
      if (chosen.empty()) continue;
      const std::string synced = read(durable_ + "/file-" + chosen);
      write(path, mixed(bytes.contains(chosen) ? bytes[chosen] : synced, synced, keeps));
    }
  }

  // Each page, and the length, is the written or the durable one.
  template <class Keeps>
  static std::string mixed(const std::string& written, const std::string& durable,
                           const Keeps& keeps) {
    std::string text = keeps() ? written : durable;
    for (std::size_t at = 0; at < text.size(); at += kPage) {
      const std::string& from = keeps() ? written : durable;
      for (std::size_t i = at; i < std::min(at + kPage, text.size()); ++i)
        text[i] = i < from.size() ? from[i] : '\0';
    }
    return text;
  }

  const std::string folder_;
  const std::string durable_;
  const std::set<std::string> names_;
};

}  // namespace sluice::cli
