// LedgerReader: leaves, tree and checkpoints of an evidence folder, for everybody but the writer.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "evidence/checkpoint.h"
#include "evidence/disk.h"
#include "evidence/merkle.h"

namespace mailvigil::evidence {

/// A place in the ledger to go on reading from without a search.
struct Position {
    std::uint64_t leaf = 0;     ///< number of the next leaf
    std::uint64_t segment = 0;  ///< first leaf of its segment
    std::uint64_t offset = 0;   ///< its frame in the uncompressed segment, bytes

    bool operator==(const Position&) const = default;
};

/// Reads while a writer may append. One thread. Holds at most one uncompressed block (or segment
/// still open, mapped) in memory.
class LedgerReader final : public TreeNodes {
  public:
    /// Cheap: lists the segments, reads no leaf. Error: unreadable, or malformed where it is no
    /// evidence folder.
    static Result<std::unique_ptr<LedgerReader>> open(Disk& disk, std::string folder);

    /// The same for the writer, which may find a ledger whose making was cut short, without the
    /// file `format`, or with an end that it is about to mend.
    static Result<std::unique_ptr<LedgerReader>> open_unmarked(Disk& disk, std::string folder);

    /// The ledger's name; empty where it has no checkpoint yet.
    [[nodiscard]] const std::string& origin() const;

    /// First leaf that is there (what was before is pruned).
    [[nodiscard]] std::uint64_t first() const;

    /// How many leaves there are: number of the last whole frame, plus 1. Scans the open segment.
    /// Error: malformed where that is damaged, or ends before what is sealed; as all that follow.
    Result<std::uint64_t> size();

    /// The bytes of one leaf. Error: limit (beyond the end), unknown (pruned), malformed (damage).
    Result<std::string> leaf(std::uint64_t index);

    /// The leaves [from, until) in order, until the visitor returns false. Bytes are valid during
    /// the call. Stops without an error at the end of the ledger.
    Result<void> read(std::uint64_t from,
                      std::uint64_t until,
                      const std::function<bool(std::uint64_t, std::string_view)>& visit);

    /// The leaves from `from` (a Position that position_after() gave; or {} for the first) to the
    /// end, until the visitor returns false. Returns what follows the last one visited.
    Result<Position> read_on(Position from,
                             const std::function<bool(std::uint64_t, std::string_view)>& visit);

    /// All checkpoints, oldest first; of several with one size the last (with its cosignatures).
    Result<std::vector<Checkpoint>> checkpoints();

    /// Proof of one leaf under the newest checkpoint that covers it.
    Result<LeafProof> prove(std::uint64_t index);

    Result<Hash> node(unsigned level, std::uint64_t index) override;

    ~LedgerReader() override;

  private:
    struct State;
    static Result<std::unique_ptr<LedgerReader>> make(Disk& disk,
                                                      std::string folder,
                                                      const Checkpoint& newest,
                                                      bool by_writer);
    explicit LedgerReader(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace mailvigil::evidence
