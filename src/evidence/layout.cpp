#include "evidence/layout.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace mailvigil::evidence {

namespace {

constexpr std::size_t kNameDigits = 20;

std::optional<std::uint64_t> first_of(std::string_view name) {
    if (name.size() != kNameDigits + 4) {
        return std::nullopt;
    }
    std::uint64_t first = 0;
    const char* end = name.data() + kNameDigits;
    const auto parsed = std::from_chars(name.data(), end, first);
    if (parsed.ec != std::errc{} || parsed.ptr != end || first % kBlockLeaves != 0 ||
        first >= kLeavesMax) {
        return std::nullopt;
    }
    return first;
}

}  // namespace

Result<std::vector<SegmentName>> list_segments(Disk& disk,
                                               const Layout& layout,
                                               std::vector<std::string>* strangers) {
    std::map<std::uint64_t, SegmentName> found;
    for (const std::string& name : TRY(disk.list(layout.segments()))) {
        const auto first = first_of(name);
        const bool is_log = name.ends_with(".log");
        if (!first || (!is_log && !name.ends_with(".zst"))) {
            if (strangers != nullptr) {
                strangers->push_back(name);
            }
            continue;
        }
        SegmentName& segment = found[*first];
        segment.first = *first;
        (is_log ? segment.has_log : segment.has_sealed) = true;
    }
    std::vector<SegmentName> segments;
    for (const auto& [first, segment] : found) {
        segments.push_back(segment);
    }
    return segments;
}

Result<std::string> read_whole(Disk& disk, const std::string& path, std::uint64_t bytes_max) {
    const std::uint64_t bytes = TRY(disk.size(path));
    if (bytes > bytes_max) {
        return fail(
            ErrorCode::limit,
            fmt::format("{} has {} bytes; at most {} can be right", path, bytes, bytes_max));
    }
    return disk.read(path, 0, bytes);
}

std::string parent_of(std::string_view folder) {
    while (folder.size() > 1 && folder.ends_with('/')) {
        folder.remove_suffix(1);
    }
    const std::size_t slash = folder.rfind('/');
    return slash == std::string_view::npos
               ? "."
               : std::string(folder.substr(0, std::max(slash, std::size_t{1})));
}

Result<void> make_path(Disk& disk, const std::string& folder) {
    if (disk.exists(folder)) {
        return {};
    }
    const std::string parent = parent_of(folder);
    if (parent != folder) {
        TRY(make_path(disk, parent));
    }
    TRY(disk.make_folder(folder));
    return disk.sync_folder(parent);
}

Result<void> replace_file(Disk& disk,
                          const std::string& folder,
                          const std::string& path,
                          std::string_view bytes) {
    const std::string draft = path + ".new";
    {
        const auto file = TRY(disk.open_append(draft));
        TRY(file->truncate(0));
        TRY(file->append(bytes));
        TRY(file->sync());
    }
    TRY(disk.rename(draft, path));
    return disk.sync_folder(folder);
}

std::string describe_place(std::string_view path, std::uint64_t leaf, std::uint64_t offset) {
    const std::size_t slash = path.rfind('/');
    return fmt::format("segments/{}, record {}, byte {}", path.substr(slash + 1), leaf, offset);
}

}  // namespace mailvigil::evidence
