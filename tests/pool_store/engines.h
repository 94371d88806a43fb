// The engines of PoolStore, each with a server of the test's own behind one name.
#pragma once

#include <functional>
#include <memory>
#include <string>

namespace sluice::pool_store {

class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::string url() const = 0;
  // Nothing there, with a password that is never to be seen: "a-secret".
  virtual std::string url_of_nobody() const = 0;
  // The server takes connections, and does not answer for as long.
  virtual void freeze() = 0;
  virtual void thaw() = 0;
};

struct EngineKind {
  std::string name;
  std::string missing;  // program that is not installed here; empty: it can be had
  std::function<std::unique_ptr<Engine>()> start;
};

const std::vector<EngineKind>& engines();

}  // namespace sluice::pool_store
