#include "detect/gap_book.h"

#include <fmt/format.h>

namespace mailvigil::detect {

void GapBook::add(const Event& gap) {
    if (gaps_.size() == kGapsMax) {
        gaps_.pop_front();
        ++forgotten_;
    }
    gaps_.push_back(
        {std::string(gap.gap_reason()), gap.gap_lost(), gap.gap_start(), gap.gap_end()});
}

std::vector<std::string> GapBook::touching(Timestamp start, Timestamp end) const {
    constexpr std::size_t kShownMax = 8;
    std::vector<std::string> texts;
    std::uint64_t more = 0;
    for (const Gap& gap : gaps_) {
        if (gap.end < start || gap.start > end) {
            continue;
        }
        if (texts.size() == kShownMax) {
            ++more;
            continue;
        }
        const std::string count =
            gap.lost == 0 ? "an unknown number of records" : fmt::format("{} lost", gap.lost);
        texts.push_back(fmt::format("{}: {} between {} and {}",
                                    gap.reason,
                                    count,
                                    render_clock(gap.start),
                                    render_clock(gap.end)));
    }
    if (more != 0) {
        texts.push_back(fmt::format("{} more gaps in this time", more));
    }
    return texts;
}

}  // namespace mailvigil::detect
