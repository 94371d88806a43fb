// A run's write-ahead log as its job's other workers find it (board.h). All that wait at once are served by one
// statement; what was sent is kept in a file until the membership ends, and sent again where a server has lost it in a
// fail-over.
//
// Threads: as wal/shared_log.h says.
//
// Invariants:
//   1. What commit() says stands there stands in the log of a worker of this process, in order and without a gap.
//   2. A worker that was taken for dead in the meantime goes on as another (`rejoin`), under which the rest of
//      its records come: they may be answers, and were paid for. The rest is what the server has not of the dead one.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "shared_job/board.h"
#include "storage/spill_file.h"
#include "wal/shared_log.h"

namespace sluice::shared_job {

class ShippedLog final : public wal::SharedLog {
 public:
  // What this process is called from now on, when `worker` is not alive any more. ErrorCode::io: it cannot be told.
  using Rejoin = std::function<core::Result<WorkerId>(WorkerId worker)>;
  // Makes `worker` known again to a server that has forgotten it.
  using Restore = std::function<core::Status(WorkerId worker)>;

  // `directory`: of the file. `board` outlives the log. ErrorCode::internal: `worker` has one already.
  static core::Result<std::unique_ptr<ShippedLog>> make(Board& board, WorkerId worker,
                                                        const std::string& directory, Rejoin rejoin,
                                                        Restore restore);
  ShippedLog(const ShippedLog&) = delete;
  ShippedLog& operator=(const ShippedLog&) = delete;

  void name_endpoints(wal::EndpointNames names) override;
  void append(std::string_view record) override;
  // Who pays, by the name that a shared budget knows, for what is told from here on. With nothing in flight.
  void set_payer(const std::string& payer);
  core::Status commit() override;

  // Sends again what the server has lost, where nothing new comes that would find it out. Any thread.
  core::Status look();
  // Rows of `worker`'s log that the server has said it has.
  std::uint64_t sent_of(WorkerId worker) const;

 private:
  ShippedLog(Board& board, WorkerId worker, storage::SpillFile kept, Rejoin rejoin,
             Restore restore);
  struct Pending {
    std::string records;
    std::string payer = {};
  };
  core::Status ship(const Pending& pending);
  core::Status keep(const Pending& pending);
  core::Result<std::string> kept(std::size_t chunk) const;
  // Until the server has all that is kept.
  core::Status send();
  core::Status find_losses();
  core::Status go_on_as_another();
  core::Status tell_names();
  void set_sent(std::uint64_t chunks);

  Board& board_;
  const Rejoin rejoin_;
  const Restore restore_;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable shipped_;
  std::vector<Pending> pending_;  // a piece for each payer
  std::string payer_;
  std::uint64_t appended_ = 0;  // records, of which
  std::uint64_t committed_ = 0;
  bool busy_ = false;  // somebody is in ship() or look()
  std::optional<core::Error> error_;
  wal::EndpointNames names_;
  bool names_told_ = false;
  std::uint64_t sent_ = 0;  // of chunks_; changed, as the next, by the thread that is busy alone
  WorkerId worker_;

  // Of the thread that is busy.
  std::uint64_t connections_;
  storage::SpillFile kept_;
  std::uint64_t kept_end_ = 0;
  struct Chunk {
    std::uint64_t at = 0, size = 0;
    std::string payer = {};
  };
  std::vector<Chunk> chunks_;  // of worker_, as they stand in the file
};

}  // namespace sluice::shared_job
