// Names within an evidence folder (docs/evidence-format.md, "Folder") and small shared formats.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "evidence/disk.h"

namespace mailvigil::evidence {

inline constexpr std::uint64_t kBlockLeaves = 256;
inline constexpr unsigned kBlockLevel = 8;  ///< 2^8 leaves
inline constexpr std::size_t kLeafBytesMax = 61'440;
inline constexpr std::string_view kFormatLine = "mailvigil evidence 1\n";

/// A segment is closed at this size at the latest.
inline constexpr std::uint64_t kSegmentBytesMax = std::uint64_t{64} << 20U;
/// A leaf has a byte at least, a frame 9: no segment has more blocks.
inline constexpr std::uint64_t kSegmentBlocksMax = kSegmentBytesMax / (kBlockLeaves * 9) + 1;
/// No leaf has a higher number.
inline constexpr std::uint64_t kLeavesMax = std::uint64_t{1} << 62U;

// Of files that are read as a whole.
inline constexpr std::uint64_t kFormatBytesMax = 100;
inline constexpr std::uint64_t kKeyFileBytesMax = 4096;
inline constexpr std::uint64_t kProofBytesMax = 1'100'000;  ///< a note, a leaf and a path
/// Ten years of a checkpoint a minute.
inline constexpr std::uint64_t kCheckpointsBytesMax = kWholeFileBytesMax;
inline constexpr std::uint64_t kTreeBytesMax = std::uint64_t{1}
                                               << 30U;  ///< 8.6 thousand million leaves

struct Layout {
    std::string folder;

    [[nodiscard]] std::string format() const { return folder + "/format"; }

    [[nodiscard]] std::string lock() const { return folder + "/lock"; }

    [[nodiscard]] std::string checkpoint() const { return folder + "/checkpoint"; }

    [[nodiscard]] std::string checkpoints() const { return folder + "/checkpoints"; }

    [[nodiscard]] std::string tree() const { return folder + "/tree"; }

    [[nodiscard]] std::string segments() const { return folder + "/segments"; }

    [[nodiscard]] std::string kept() const { return folder + "/kept"; }

    [[nodiscard]] std::string keys() const { return folder + "/keys"; }

    [[nodiscard]] std::string damaged() const { return folder + "/damaged"; }

    [[nodiscard]] std::string log(std::uint64_t first) const {
        return fmt::format("{}/{:020}.log", segments(), first);
    }

    [[nodiscard]] std::string sealed(std::uint64_t first) const {
        return fmt::format("{}/{:020}.zst", segments(), first);
    }

    [[nodiscard]] std::string kept_proof(std::uint64_t leaf) const {
        return fmt::format("{}/{:020}.tlog-proof", kept(), leaf);
    }
};

/// A segment as the folder lists it.
struct SegmentName {
    std::uint64_t first = 0;
    bool has_log = false;
    bool has_sealed = false;
};

/// The segments in order. Names that are no segment's go to `strangers`, where asked for.
Result<std::vector<SegmentName>> list_segments(Disk& disk,
                                               const Layout& layout,
                                               std::vector<std::string>* strangers = nullptr);

/// A whole file. Error: as Disk::read(); limit, with what and where, beyond `bytes_max`.
Result<std::string> read_whole(Disk& disk, const std::string& path, std::uint64_t bytes_max);

/// The folder that a folder lies in.
std::string parent_of(std::string_view folder);

/// Makes the folder, and those above it that are not there, mode 0700, durably.
Result<void> make_path(Disk& disk, const std::string& folder);

/// Replaces a small file in one step: a temporary one beside it, synced, renamed, folder synced.
Result<void> replace_file(Disk& disk,
                          const std::string& folder,
                          const std::string& path,
                          std::string_view bytes);

/// Where in a segment a leaf lies, for people.
std::string describe_place(std::string_view path, std::uint64_t leaf, std::uint64_t offset);

}  // namespace mailvigil::evidence
