// Accesses as rows: what `who` and `what` have in common.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "app/question.h"
#include "base/time.h"
#include "output/table.h"

namespace mailvigil::cli {

/// The columns of a row of access_row(), under `object` what was touched.
consteval auto access_columns(std::string_view object, output::Shown object_shown) {
    using output::Column;
    using output::Fit;
    using output::InBlock;
    using output::Shown;
    return std::to_array<Column>({
        {.name = "when", .fit = Fit::keeps, .in_block = InBlock::leads},
        {.name = "until", .shown = Shown::to_programs},
        {.name = "class", .shown = Shown::to_programs},
        {.name = "who", .in_block = InBlock::leads},
        {.name = "with"},
        {.name = object, .shown = object_shown},
        {.name = "access"},
        {.name = "verdict", .fit = Fit::keeps, .in_block = InBlock::leads},
        {.name = "session", .fit = Fit::keeps},
        {.name = "from", .fit = Fit::keeps},
        {.name = "why"},
        {.name = "count", .shown = Shown::to_programs},
        {.name = "bytes", .shown = Shown::to_programs},
        {.name = "incident", .shown = Shown::to_programs},
        {.name = "pid", .shown = Shown::to_programs},
        {.name = "executable", .shown = Shown::to_programs},
        {.name = "script", .shown = Shown::to_programs},
        {.name = "path", .shown = Shown::to_programs},
        {.name = "host", .shown = Shown::to_programs},
        {.name = "record", .shown = Shown::to_programs},
    });
}

output::Row access_row(const app::Access& access, Timestamp now);

/// The same columns for a finding.
output::Row finding_row(std::uint64_t leaf, const Event& finding, Timestamp now);

}  // namespace mailvigil::cli
