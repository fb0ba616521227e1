// Who belongs together in the eyes of the analytics, and where anybody may leave a file.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/strong_id.h"
#include "lineage/lineage.h"

namespace mailvigil::detect {

/// A login session, or where there is none, a process tree.
struct GroupKey {
    std::uint32_t session = kUnset;
    lineage::ProcessRef tree;

    bool operator==(const GroupKey&) const = default;
};

GroupKey group_of(const lineage::Process& process, const lineage::Lineage& lineage);

/// Whether the path lies in a folder where anybody may write, or in no folder at all (memfd,
/// deleted).
bool in_scratch(std::string_view path);

}  // namespace mailvigil::detect
