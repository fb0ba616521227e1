// A sealed segment: blocks as zstd frames and a list of them at the end (docs/evidence-format.md,
// "Segments").
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "evidence/disk.h"
#include "evidence/layout.h"

struct ZSTD_DCtx_s;

namespace mailvigil::evidence {

/// Compresses a closed `.log` into its `.zst` and removes the `.log`. Safe to repeat after a crash;
/// safe beside a writer of later segments. Error: malformed where the log is not whole blocks of
/// good frames.
Result<void> seal_segment(Disk& disk, const Layout& layout, std::uint64_t first);

/// The list at the end of a `.zst`.
struct SealedTable {
    std::uint64_t first = 0;
    std::vector<std::uint64_t> offsets;  ///< of each block's frame, and where the last one ends
    std::uint64_t file_bytes = 0;

    [[nodiscard]] std::uint64_t blocks() const { return offsets.size() - 1; }
};

/// Error: malformed, with what is wrong.
Result<SealedTable> read_sealed_table(Disk& disk, const std::string& path);

/// Uncompresses single blocks; keeps its workspace. One thread.
class BlockDecompressor {
  public:
    BlockDecompressor();
    ~BlockDecompressor();
    BlockDecompressor(const BlockDecompressor&) = delete;
    BlockDecompressor& operator=(const BlockDecompressor&) = delete;

    /// Replaces `out` with the frames of the block. Error: malformed.
    Result<void> decompress(std::string_view compressed, std::string& out);

  private:
    ZSTD_DCtx_s* context_;
};

}  // namespace mailvigil::evidence
