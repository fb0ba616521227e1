#include "evidence/stock.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace mailvigil::evidence {

namespace {

constexpr Duration kLookEvery = std::chrono::milliseconds(20);

bool same_names(const std::vector<SegmentName>& a, const std::vector<SegmentName>& b) {
    return std::ranges::equal(a, b, [](const SegmentName& one, const SegmentName& other) {
        return one.first == other.first && one.has_log == other.has_log &&
               one.has_sealed == other.has_sealed;
    });
}

std::uint64_t closed_blocks(const Stock& stock) {
    return stock.segments.back().first / kBlockLeaves;
}

Result<void> read_tree(Disk& disk, const Layout& layout, Stock& stock) {
    std::string bytes;
    if (disk.exists(layout.tree())) {
        bytes = TRY(read_whole(disk, layout.tree(), kTreeBytesMax));
    }
    stock.tree_bytes = bytes.size();
    stock.tree.assign(bytes.size() / sizeof(Hash), {});
    for (std::size_t i = 0; i < stock.tree.size(); ++i) {
        std::copy_n(bytes.data() + i * sizeof(Hash),
                    sizeof(Hash),
                    reinterpret_cast<char*>(stock.tree[i].data()));
    }
    return {};
}

}  // namespace

bool is_draft(std::string_view name) {
    return name.ends_with(".new");
}

Result<Stock> take_stock(Disk& disk, const Layout& layout, Duration patience) {
    const auto until = std::chrono::steady_clock::now() + patience;
    for (;;) {
        Stock stock;
        TRY(read_tree(disk, layout, stock));
        stock.segments = TRY(list_segments(disk, layout, &stock.strangers));
        // A folder that changes under the listing may be listed with a hole.
        const bool settled = same_names(stock.segments, TRY(list_segments(disk, layout)));
        const bool agree =
            stock.segments.empty() || (stock.segments.back().has_log &&
                                       stock.tree_bytes == closed_blocks(stock) * sizeof(Hash));
        if ((settled && agree) || std::chrono::steady_clock::now() >= until) {
            return stock;
        }
        std::this_thread::sleep_for(kLookEvery);
    }
}

void check_stock(Disk& disk, const Layout& layout, const Stock& stock, const TellDamage& damaged) {
    const auto format = read_whole(disk, layout.format(), kFormatBytesMax);
    if (!format || *format != kFormatLine) {
        damaged("format", format ? "not the line that it must be" : format.error().message);
    }
    for (const std::string& name : stock.strangers) {
        if (!is_draft(name)) {
            damaged("segments/" + name, "not the name of a segment");
        }
    }
    if (stock.segments.empty()) {
        damaged("segments", "all records are missing");
        return;
    }
    const std::uint64_t blocks = closed_blocks(stock);
    if (stock.tree_bytes != blocks * sizeof(Hash)) {
        damaged("tree",
                fmt::format("{} bytes, but {} closed blocks have {}",
                            stock.tree_bytes,
                            blocks,
                            blocks * sizeof(Hash)));
    }
    if (!stock.segments.back().has_log) {
        damaged("segments", "the open segment behind the last one is missing");
    }
}

}  // namespace mailvigil::evidence
