// The files `checkpoints` (all of them) and `checkpoint` (the newest).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "evidence/checkpoint.h"
#include "evidence/disk.h"
#include "evidence/layout.h"

namespace mailvigil::evidence {

/// What a `checkpoints` file holds.
struct CheckpointLog {
    std::vector<Checkpoint> entries;  ///< in file order; a size may stand there several times
    std::uint64_t whole_bytes = 0;    ///< up to the end of the last entry
    std::string remainder;            ///< what follows and is no checkpoint; empty in a whole file
};

/// Whether such a remainder can be an entry whose writing was cut short, or is not finished yet.
bool may_be_cut_off(std::string_view remainder);

CheckpointLog parse_checkpoint_log(std::string_view bytes);

/// As `checkpoints` holds it: with the empty line after.
std::string render_entry(const Checkpoint& checkpoint);

/// Appends to `checkpoints`. One thread.
class CheckpointWriter {
  public:
    static Result<CheckpointWriter> open(Disk& disk, const Layout& layout, std::uint64_t size);

    /// Cuts what an add() that failed may have left. Before the next seal is written, or it would
    /// contradict a checkpoint that a crash brings to light.
    Result<void> make_whole();

    /// On disk in `checkpoints` once it returns without an error; otherwise it is cut off again at
    /// once, or, where even that fails, by make_whole().
    Result<void> add(const Checkpoint& checkpoint);

    /// Makes `checkpoint` as new as `checkpoints`.
    Result<void> show();

  private:
    CheckpointWriter(Disk& disk, Layout layout) : disk_(&disk), layout_(std::move(layout)) {}

    Disk* disk_;
    Layout layout_;
    std::unique_ptr<AppendFile> file_;
    std::uint64_t bytes_ = 0;
    bool torn_ = false;  ///< there may be more than bytes_: cut before the next
    std::string newest_;
    bool shown_ = true;
};

}  // namespace mailvigil::evidence
