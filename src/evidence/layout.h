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

/// Replaces a small file in one step: a temporary one beside it, synced, renamed, folder synced.
Result<void> replace_file(Disk& disk,
                          const std::string& folder,
                          const std::string& path,
                          std::string_view bytes);

/// Where in a segment a leaf lies, for people.
std::string describe_place(std::string_view path, std::uint64_t leaf, std::uint64_t offset);

}  // namespace mailvigil::evidence
