// Courier: carries sealed findings to one sink, in a thread of its own. It is a cursor over the
// ledger: a slow or dead sink loses nothing and slows nothing, and what came while it was away, or
// while no courier ran, is delivered when it is back.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/result.h"
#include "event/vocabulary.h"
#include "evidence/disk.h"
#include "evidence/ledger_reader.h"
#include "output/sink.h"

namespace mailvigil::output {

struct CourierOptions {
    std::string ledger;  ///< the evidence folder
    /// Where it keeps how far it came: a file of its own. Made where it is not there: delivery
    /// then begins at the ledger's end.
    std::string cursor;
    Level level = Level::low;  ///< findings below are not carried; gaps always are
};

/// How one sink fares.
struct CourierHealth {
    std::uint64_t delivered = 0;           ///< messages since start()
    std::uint64_t next = 0;                ///< first record that was not looked at
    std::optional<std::string> trouble{};  ///< why nothing is delivered now
};

class Courier {
  public:
    /// Nothing of the sink is touched yet. Error: unreadable, malformed: the ledger or the cursor.
    static Result<std::unique_ptr<Courier>> create(evidence::Disk& disk,
                                                   const Sink& sink,
                                                   std::string target,
                                                   CourierOptions options);
    ~Courier();
    Courier(const Courier&) = delete;
    Courier& operator=(const Courier&) = delete;

    /// Delivers the records below `durable` once, in the caller's thread. For tests and for an
    /// end; not while the thread runs. Error: the sink's.
    Result<void> carry(std::uint64_t durable);

    /// Starts the thread.
    void start();

    /// Records below `durable` are on disk. Any thread.
    void notify(std::uint64_t durable);

    /// Any thread.
    [[nodiscard]] CourierHealth health() const;

  private:
    Courier(evidence::Disk& disk, const Sink& sink, std::string target, CourierOptions options);

    void run(const std::stop_token& stop);
    Result<void> collect(std::uint64_t durable, evidence::Position& position);
    void take(const Event& event, std::uint64_t leaf);
    Result<void> hand_over();

    evidence::Disk& disk_;
    const Sink& sink_;
    std::string target_;
    CourierOptions options_;
    std::unique_ptr<evidence::LedgerReader> reader_;
    std::unique_ptr<Delivery> delivery_;
    evidence::Position position_;  ///< what is before was delivered
    std::string messages_;
    std::uint64_t message_count_ = 0;

    mutable std::mutex mutex_;
    std::condition_variable_any woken_;
    std::uint64_t durable_ = 0;
    CourierHealth health_;
    std::jthread thread_;  ///< last: it uses all of the above
};

}  // namespace mailvigil::output
