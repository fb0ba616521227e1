// What the parts of the writer share; for ledger*.cpp only.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "evidence/checkpoint_log.h"
#include "evidence/key_ring.h"
#include "evidence/ledger.h"
#include "evidence/seal.h"
#include "evidence/segment_writer.h"

namespace mailvigil::evidence {

/// The tree of everything that was appended.
struct GrowingTree {
    Frontier blocks;            ///< over full blocks
    std::vector<Hash> partial;  ///< leaf hashes of the block that is being filled
    BlockRoots roots;           ///< of the full blocks of the open segment

    void append(const Hash& leaf);
    [[nodiscard]] TreeHead head() const;
};

constexpr std::size_t kClasses = static_cast<std::size_t>(EventClass::ledger) + 1;

struct Ledger::State {
    State(Disk& the_disk, Layout the_layout, LedgerOptions the_options)
        : disk(the_disk), layout(std::move(the_layout)), options(std::move(the_options)) {}

    Disk& disk;
    Layout layout;
    LedgerOptions options;
    std::unique_ptr<AppendFile> lock;
    std::optional<KeyRing> keys;
    std::optional<CheckpointWriter> checkpoints;
    std::unique_ptr<SegmentWriter> segments;
    GrowingTree tree;
    Checkpoint sealed;
    std::array<std::uint64_t, kClasses> counts{};
    Timestamp last_seal{};
    Seal last_seal_leaf;  ///< of the newest checkpoint when the ledger was opened
    std::optional<Timestamp> waiting_since;  ///< when the oldest leaf that is not durable came
    bool rotation_signed = false;  ///< the next key's seal is signed, the old key still there
    LedgerHealth health;
    std::uint64_t lost_untold = 0;  ///< lost leaves that no gap leaf tells of yet
    Timestamp lost_first{};
    Timestamp lost_last{};
    std::string canonical;  ///< workspace

    // Opening.
    Result<void> create(Day today);
    /// Goes on with the ledger that is there; `story`: what recovery did.
    Result<void> resume(std::string& story);
    /// Moves a damaged ledger out of the way; where to.
    Result<std::string> set_aside();
    Result<void> start_writing(const OpenSegment& open);
    Result<CheckpointLog> read_checkpoints();
    Result<OpenSegment> scan();
    Result<void> load_tree(std::uint64_t last_segment);
    Result<void> check_sealed_root();
    Result<void> load_keys();
    Result<void> cut_segment(const OpenSegment& open, std::string& story);
    Result<void> clear_leftovers(std::uint64_t open_segment);

    bool take(std::uint64_t& leaf, const Event& event);
    Result<void> commit();
};

}  // namespace mailvigil::evidence
