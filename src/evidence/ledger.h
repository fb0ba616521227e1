// Ledger: the one writer of an evidence folder. Leaves are appended, made durable in groups, and
// sealed under signed checkpoints. docs/evidence-format.md is the format.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "event/event_batch.h"
#include "evidence/checkpoint.h"
#include "evidence/disk.h"
#include "evidence/layout.h"
#include "evidence/ledger_reader.h"
#include "evidence/seal.h"

namespace mailvigil::evidence {

/// What happens where the ledger is damaged below its last checkpoint.
enum class OnDamage : std::uint8_t {
    refuse,      ///< open() fails, nothing is changed
    start_anew,  ///< the old one is set aside in damaged/, a new one says so in its genesis
};

struct LedgerOptions {
    std::string host = "localhost";  ///< first part of a new ledger's origin
    OnDamage on_damage = OnDamage::refuse;
    std::uint64_t segment_bytes = std::uint64_t{64} << 20U;
    Duration heartbeat = std::chrono::seconds(60);
    /// Leaves wait at most so long before commit_if_due() writes and syncs them.
    Duration commit_within = std::chrono::milliseconds(5);
    /// Compress closed segments in a thread of their own; otherwise within append().
    bool background_sealing = true;
    /// While the disk takes nothing, so much waits in memory; what comes beyond is counted as lost.
    std::size_t pending_bytes_max = std::size_t{8} << 20U;
};

/// What the writer found and did; also sealed.
struct LedgerHealth {
    std::uint64_t appended = 0;          ///< leaves since open()
    std::uint64_t lost = 0;              ///< leaves that found no room while the disk took nothing
    std::optional<std::string> stalled;  ///< why nothing can be written now
    /// Why a closed segment was not compressed. Its records are whole and sealed all the same; the
    /// next open() tries again.
    std::optional<std::string> uncompressed{};
};

/// One thread at a time. Times are the caller's clock. A failing disk does not fail append():
/// leaves wait in memory, commit() tells, and a gap leaf counts what was lost once the disk takes
/// writes again.
class Ledger {
  public:
    /// Opens the folder, or makes a new ledger in it. Finishes what a crash left half done, and
    /// seals a `start` leaf that says what that was. Errors: unwritable (no rights, read-only,
    /// another writer), malformed (damage, with where).
    static Result<std::unique_ptr<Ledger>> open(Disk& disk,
                                                std::string folder,
                                                LedgerOptions options,
                                                Timestamp now);
    ~Ledger();  ///< without close(): as a crash, but for what commit() wrote

    /// Takes a leaf in and returns its number. It is durable after the next commit(). Absent: lost
    /// (counted), or larger than kLeafBytesMax.
    std::optional<std::uint64_t> append(const Event& event, Timestamp now);

    /// Writes and syncs what waits; returns how many leaves are durable.
    Result<std::uint64_t> commit();

    /// commit() if a leaf has waited for commit_within, and a heartbeat seal if one is due.
    Result<void> tend(Timestamp now);

    /// Seals what is there now: a heartbeat leaf, commit, checkpoint.
    Result<Checkpoint> seal(Timestamp now);

    /// Retention: seals a `prune` leaf, then removes the whole segments before leaf `first`.
    /// Returns the first leaf that stays.
    Result<std::uint64_t> prune(std::uint64_t first, std::string_view reason, Timestamp now);

    /// Takes cosignatures of witnesses for a checkpoint of this ledger.
    Result<void> add_cosignatures(const Checkpoint& cosigned);

    /// Seals a `stop` leaf and closes. The ledger can't be used afterwards.
    Result<void> close(Timestamp now);

    [[nodiscard]] std::uint64_t size() const;        ///< leaves, durable or not
    [[nodiscard]] const Checkpoint& sealed() const;  ///< newest checkpoint
    [[nodiscard]] std::uint64_t durable() const;     ///< leaves that survive a crash
    [[nodiscard]] Position position() const;         ///< where the durable leaves end
    [[nodiscard]] const VerifierKey& log_key() const;
    [[nodiscard]] const VerifierKey& epoch_key() const;
    [[nodiscard]] const LedgerHealth& health() const;

    /// Called for each leaf as it is appended, with its number: the live index.
    std::function<void(std::uint64_t leaf, const Event& event)> on_append;

  private:
    struct State;
    Result<void> rotate_keys(Timestamp now);
    Result<Checkpoint> seal_with(SealAction action, Event& event, Timestamp now);

    explicit Ledger(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace mailvigil::evidence
